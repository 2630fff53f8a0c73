const count = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

export function formatCount(value: number): string {
  return count.format(value);
}

/** "950", "12K", "1.2M": where there is little room, as beside a chart. */
export function formatShort(value: number): string {
  return short.format(value);
}

/** "1 asset", "2 assets". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** A share between 0 and 1 as per cent; a small one never looks like none. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return percent > 0 && percent < 0.1 ? '< 0.1\u00A0%' : `${percent.toFixed(1)}\u00A0%`;
}

/** A moment in the reader's time zone, which stands behind it: "22 Nov 2026, 09:30:00 UTC". */
export function formatMoment(instant: string): string {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? instant : moment.format(time);
}

/** The day of a moment, where there is little room and the moment itself stands elsewhere: "22 Nov 2026". */
export function formatDay(instant: string): string {
  const time = Date.parse(instant);
  return Number.isNaN(time) ? instant : day.format(time);
}

const units = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** "3 hours ago", as seen at `nowMs`. */
export function formatAgo(instant: string, nowMs: number): string {
  const seconds = (Date.parse(instant) - nowMs) / 1000;
  if (Number.isNaN(seconds)) return instant;
  const unit = units.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? relative.format(Math.trunc(seconds / unit[1]), unit[0]) : 'just now';
}

/** Bytes with binary prefixes (IEC 80000-13). */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = bytes < 1024 ? 0 : Math.min(names.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power > 0 && value < 100 ? value.toFixed(1) : Math.round(value)} ${names[power]}`;
}

/** "3 d 4 h", "12 min", "40 s". */
export function formatDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.round(seconds)} s`;
}
