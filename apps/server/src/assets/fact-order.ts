import { createHash } from 'node:crypto';
import type { FactRow, FactValue } from '@vedette/protocol';
import type { Place } from '../http/list-cursor.ts';

/** A row with what no other row of its collector has. */
export interface KeyedFact {
  readonly key: string;
  readonly row: FactRow;
}

export interface FactOrder {
  /** Of facts: by key where absent. */
  readonly column: string | undefined;
  readonly isDescending: boolean;
  /** Of a column that holds versions. Throws for text that is none. */
  readonly compareVersions?: ((a: string, b: string) => number) | undefined;
}

/** By this rows are sorted: kind of value, the value as a number or a text, the key, and a digest of what is cut off a long key. */
export type FactPlace = readonly [kind: number, number: number, text: string, key: string, digest: string];
export const placeTypes = ['integer', 'number', 'text', 'text', 'text'] as const;
const kinds = { number: 0, text: 1, missing: 2 } as const;

/** So many characters of a text decide about its place: a cursor goes into an address. */
const sortedLength = 100;

/** Where a row stands in an order. */
export function placeOf({ key, row }: KeyedFact, { column, compareVersions }: FactOrder): FactPlace {
  const digest = key.length > sortedLength ? createHash('sha256').update(key).digest('base64url').slice(0, 16) : '';
  const own = [key.slice(0, sortedLength), digest] as const;
  const value = column !== undefined && Object.hasOwn(row, column) ? (row[column] ?? '') : '';
  if (typeof value === 'number') return [kinds.number, value, '', ...own];
  const text = textOf(value).slice(0, sortedLength);
  const isMissing = text === '' || (compareVersions && !isVersion(text, compareVersions));
  return isMissing ? [kinds.missing, 0, '', ...own] : [kinds.text, 0, text, ...own];
}

/** A place that a cursor holds. */
export function readFactPlace(place: Place): FactPlace {
  return place as unknown as FactPlace; // it was read as of placeTypes
}

function isVersion(text: string, compareVersions: (a: string, b: string) => number): boolean {
  try {
    return compareVersions(text, text) === 0;
  } catch {
    return false;
  }
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Rows without a value come last, whichever way round; those of the same value by their keys. */
export function comparePlaces({ isDescending, compareVersions }: FactOrder): (a: FactPlace, b: FactPlace) => number {
  const compareTexts = compareVersions ?? collator.compare;
  return ([kind, number, text, ...own], [otherKind, otherNumber, otherText, ...other]) => {
    if (kind !== otherKind) return kind - otherKind;
    const order = kind === kinds.text ? compareTexts(text, otherText) : number - otherNumber;
    if (order !== 0) return isDescending ? -order : order;
    return compareCharacters(own[0], other[0]) || compareCharacters(own[1], other[1]);
  };
}

function compareCharacters(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** A list as PostgreSQL writes it. */
export function textOf(value: FactValue): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]` : String(value);
}
