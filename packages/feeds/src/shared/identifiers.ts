/** A CVE name in its canonical form: at least four digits, no padding beyond them; at most what a check number can hold. */
export function isCveName(text: string): boolean {
  return /^CVE-(?:1999|20\d\d)-(?:\d{4}|[1-9]\d{4,6})$/.test(text);
}

/**
 * A Debian source package name (policy 5.6.1): at least two characters, lower case. Real lists hold a handful of older names
 * with other letters; those are problems, not packages.
 */
export function isPackageName(text: string): boolean {
  return text.length <= 128 && /^[a-z0-9][a-z0-9.+-]+$/.test(text);
}

/** A version as policy 5.6.12 allows it; the order of versions is not this room's business. */
export function isVersion(text: string): boolean {
  return text.length <= 256 && /^(?:\d{1,9}:)?\d[A-Za-z0-9.+~:-]*$/.test(text) && !text.endsWith('-');
}

export function isCwe(text: string): boolean {
  return /^CWE-\d{1,5}$/.test(text);
}

const cvssPatterns: Readonly<Record<string, RegExp>> = {
  '2.0': /^AV:[LAN]\/AC:[HML]\/Au:[MSN]\/C:[NPC]\/I:[NPC]\/A:[NPC][A-Za-z:/]*$/,
  '3.0': /^CVSS:3\.0\/[A-Za-z:/]+$/,
  '3.1': /^CVSS:3\.1\/[A-Za-z:/]+$/,
  '4.0': /^CVSS:4\.0\/[A-Za-z:/]+$/,
};

/** Whether the text has the form of a vector of that CVSS version; the score is not computed anew. */
export function isCvssVector(version: '2.0' | '3.0' | '3.1' | '4.0', text: string): boolean {
  return text.length <= 256 && (cvssPatterns[version]?.test(text) ?? false);
}

/** The day of the last change of a record, for its field `modified`; nothing where its text is no day. */
export function modifiedOn(text: string | null | undefined): { modified?: string } {
  const day = dayOf(text ?? '');
  return day === null ? {} : { modified: day };
}

/** `2025-02-13` of any text that begins with a real calendar day; null otherwise. */
export function dayOf(text: string): string | null {
  const day = text.slice(0, 10);
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return null;
  const [year, month, date] = [Number(day.slice(0, 4)), Number(day.slice(5, 7)), Number(day.slice(8))];
  return date >= 1 && date <= daysIn(year, month) ? day : null;
}

/** Of the Gregorian calendar; 0 for what is no month. */
function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
