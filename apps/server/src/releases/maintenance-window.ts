import type { MaintenanceWindow } from '@vedette/protocol';

const dayMs = 24 * 3600 * 1000;

/** The window that is open now, else the one that opens next; null when there is none. */
export function nextWindow(windows: readonly MaintenanceWindow[], now: Date): { from: Date; until: Date } | null {
  const midnight = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  let best: { from: Date; until: Date } | null = null;
  for (const { days, from, minutes } of windows) {
    const [hour = 0, minute = 0] = from.split(':').map(Number);
    // From a week ago, for a window of days that is open still.
    for (let offset = -7; offset <= 7; offset++) {
      const start = new Date(midnight + offset * dayMs + (hour * 60 + minute) * 60_000);
      const end = new Date(start.getTime() + minutes * 60_000);
      if (!days.includes(start.getUTCDay()) || end <= now) continue;
      if (best === null || start < best.from) best = { from: start, until: end };
    }
  }
  return best;
}
