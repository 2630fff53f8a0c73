import { parseTimes } from './blackout.ts';

const minutesOfDay = 24 * 60;
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** For windows of a day and more, which have no end on the clock. */
const longForm = /^(.* )?(\d\d:\d\d) for (\d{1,5}) min$/;

/** As MaintenanceWindow. */
interface Window {
  readonly days: number[];
  readonly from: string;
  readonly minutes: number;
}

/** A maintenance window as people write it: "sat,sun 02:00-04:00", or "sat 20:00 for 2880 min"; null for a text that is none. */
export function readWindow(text: string): Window | null {
  const [, days = '', begin, length] = longForm.exec(text) ?? [];
  // Any other end: only the beginning is read.
  const times = parseTimes(begin === undefined ? text : `${days}${begin}-${begin === '00:00' ? '00:01' : '00:00'}`);
  if (!times) return null;
  const { on, from, until } = times;
  const [hours, minutes] = [Math.floor(from / 60), from % 60].map((part) => String(part).padStart(2, '0'));
  return {
    days: [...on].toSorted((a, b) => a - b),
    from: `${hours}:${minutes}`,
    minutes: length === undefined ? (until - from + minutesOfDay) % minutesOfDay : Number(length),
  };
}

/** The same the other way. */
export function writeWindow({ days, from, minutes }: Window): string {
  const on = days.length === 7 ? '' : `${days.map((day) => dayNames[day]).join(',')} `;
  if (minutes >= minutesOfDay) return `${on}${from} for ${minutes} min`;
  const [hour = 0, minute = 0] = from.split(':').map(Number);
  const end = (hour * 60 + minute + minutes) % minutesOfDay;
  const until = [Math.floor(end / 60), end % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${on}${from}-${until}`;
}
