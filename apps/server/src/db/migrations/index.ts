import type { Migration } from 'kysely/migration';
import { first } from './001-first.ts';

/** In order of their names; a released one is never edited. */
export const migrations: Record<string, Migration> = { '001-first': first };
