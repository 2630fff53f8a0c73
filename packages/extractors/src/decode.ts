import { ExtractorError } from './errors.ts';
import { extractionLimits } from './extraction.ts';

/** The file as text; bytes that are no UTF-8 become U+FFFD. Throws ExtractorError TOO_LARGE. */
export function decodeText(content: Uint8Array): string {
  refuseTooLarge(content);
  return new TextDecoder().decode(content);
}

/** Throws ExtractorError TOO_LARGE. */
export function refuseTooLarge(content: Uint8Array): void {
  if (content.length > extractionLimits.fileBytes) {
    throw new ExtractorError('TOO_LARGE', `the file has more than ${extractionLimits.fileBytes} bytes`);
  }
}

/** A JSON document, not yet looked at. Throws ExtractorError TOO_LARGE, NOT_THIS_FORMAT. */
export function decodeJson(content: Uint8Array): unknown {
  const text = decodeText(content);
  try {
    return JSON.parse(text); // every caller looks at it through isRecord and its kin
  } catch (cause) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no JSON document', { cause });
  }
}

/** An object whose keys come from outside; read its own properties only. */
export type OutsideRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is OutsideRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The entries of an object, none for anything else. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

/** The objects of a list; anything else in it is left out. */
export function recordsOf(value: unknown): OutsideRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The text under a key; empty for anything else. */
export function textOf(record: unknown, key: string): string {
  if (!isRecord(record) || !Object.hasOwn(record, key)) return '';
  const value = record[key];
  return typeof value === 'string' ? value : '';
}

/** What lies under a key of an outside object; undefined also for inherited names such as `constructor`. */
export function fieldOf(record: unknown, key: string): unknown {
  return isRecord(record) && Object.hasOwn(record, key) ? record[key] : undefined;
}
