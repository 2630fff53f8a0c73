const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
// Days are optional; "mon-fri,sun".
const form = /^(?:([a-z,-]{3,40}) )?([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/** Whether a text is a blackout window: `[DAYS ]HH:MM-HH:MM`, days as `mon-fri,sun`; a window may pass midnight and belongs to the day it begins on. */
export function isBlackoutWindow(text: unknown): text is string {
  return typeof text === 'string' && text.length <= 64 && parseTimes(text) !== null;
}

/** Whether `now`, in the host's local time, lies in one of the windows; texts that are none are left out. */
export function isBlackout(windows: readonly string[], now: Date): boolean {
  const minute = now.getHours() * 60 + now.getMinutes();
  const today = now.getDay();
  return windows.some((text) => {
    const window = parseTimes(text);
    if (window === null) return false;
    const { on, from, until } = window;
    if (from < until) return on.has(today) && minute >= from && minute < until;
    return (on.has(today) && minute >= from) || (on.has((today + 6) % 7) && minute < until);
  });
}

/** Days of the week (0 is Sunday) and minutes of the day of a text as above; null for one that is none. */
export function parseTimes(text: string): { on: ReadonlySet<number>; from: number; until: number } | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, dayText, fromHour, fromMinute, untilHour, untilMinute] = match;
  const on = dayText === undefined ? new Set(days.keys()) : parseDays(dayText);
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const until = Number(untilHour) * 60 + Number(untilMinute);
  // From a time to the same time could mean nothing or a day: whoever wants a day suspends the agent.
  return on === null || from === until ? null : { on, from, until };
}

function parseDays(text: string): ReadonlySet<number> | null {
  const on = new Set<number>();
  for (const part of text.split(',')) {
    const [first = '', last = first, ...more] = part.split('-');
    const from = days.findIndex((day) => day === first);
    const until = days.findIndex((day) => day === last);
    if (from === -1 || until === -1 || more.length > 0) return null;
    for (let day = from; ; day = (day + 1) % 7) {
      on.add(day);
      if (day === until) break;
    }
  }
  return on;
}
