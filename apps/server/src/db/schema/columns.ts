import type { ColumnType } from 'kysely';

/** JSON columns are read as values and written as text. */
export type Json = ColumnType<unknown, string, string>;
export type NullableJson = ColumnType<unknown, string | null | undefined, string | null>;
export type NullableText = ColumnType<string | null, string | null | undefined, string | null>;
export type NullableDate = ColumnType<Date | null, Date | null | undefined, Date | null>;
export type Defaulted = ColumnType<unknown, string | undefined, string>;
