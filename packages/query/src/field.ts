/**
 * How a field is compared. text: contains, or with `=` equals; keyword: equals, or matches `*` and `?`; both whatever the case.
 * choice: one of a few words. instant: a moment or a day, month or year. version: by the order of the package's ecosystem.
 * nested: something with fields of its own.
 */
export type FieldType = 'text' | 'keyword' | 'choice' | 'number' | 'severity' | 'boolean' | 'instant' | 'version' | 'nested';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly describes: string;
  /** A term that uses it. */
  readonly example: string;
  /** Of a choice. */
  readonly choices?: readonly string[];
  /** Of a nested field: what it holds. */
  readonly of?: EntityName;
}

/** What can be asked for. */
export type EntityName = 'asset' | 'detection' | 'check' | 'software' | 'event';

export interface Entity {
  readonly name: EntityName;
  readonly describes: string;
  readonly fields: readonly Field[];
  /** Fields in which a word without a field is looked for. */
  readonly searched: readonly string[];
}
