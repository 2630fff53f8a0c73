const written = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?Z)?)?)?$/;
const relative = /^now(?:([+-])(\d{1,6})([smhdw]))?$/;
const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** So far ahead of ours the clock of whoever asks may be, in ms: what lies further ahead is a slip. */
export const clockSkewMs = 300_000;

/** A stretch of time in ms since 1970: from its first moment up to, not including, `until`. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/**
 * Reads a moment or a period of UTC: `2026`, `2026-11`, `2026-11-22`, `2026-11-22T10:00Z` (RFC 3339 with Z, seconds may be left out),
 * `now`, `now-7d` (s, m, h, d, w). A moment lasts a millisecond, or as long as what it leaves out. Null for anything else.
 */
export function parseStretch(text: string, now: number): Stretch | null {
  return parseRelative(text, now) ?? parseWritten(text);
}

function parseRelative(text: string, now: number): Stretch | null {
  const found = relative.exec(text);
  if (!found) return null;
  const distance = Number(found[2] ?? 0) * unitMs[(found[3] ?? 's') as keyof typeof unitMs]; // the pattern knows no other
  const from = found[1] === '-' ? now - distance : now + distance;
  return { from, until: from + 1 };
}

function parseWritten(text: string): Stretch | null {
  const found = written.exec(text)?.slice(1);
  const count = found?.filter((part) => part !== undefined).length ?? 0;
  if (!found || count === 0) return null;
  const parts = fallbacks.map((fallback, place) => Number(found[place] ?? fallback)) as Parts; // six as six
  if (!isReal(parts)) return null;
  const from = utc(parts) + Number((found[6] ?? '').padEnd(3, '0'));
  if (count === 1) return { from, until: utc([parts[0] + 1, 1, 1, 0, 0, 0]) };
  if (count === 2) return { from, until: utc([parts[0], parts[1] + 1, 1, 0, 0, 0]) };
  return { from, until: from + (lengths[count] ?? 1) };
}

const fallbacks = [0, 1, 1, 0, 0, 0];
/** By the number of parts that are written, in ms. */
const lengths: Readonly<Record<number, number>> = { 3: unitMs.d, 5: unitMs.m, 6: unitMs.s };

type Parts = [year: number, month: number, day: number, hour: number, minute: number, second: number];

function utc([year, month, day, hour, minute, second]: Parts): number {
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  // Date.UTC takes a year before 100 for one of the last century.
  return date.setUTCFullYear(year + date.getUTCFullYear() - 2000);
}

/** No 31st of February, which Date would take for the 3rd of March. */
function isReal([year, month, day, hour, minute, second]: Parts): boolean {
  const lastDay = month >= 1 && month <= 12 ? new Date(Date.UTC(year % 400 || 400, month, 0)).getUTCDate() : 0;
  return day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60;
}
