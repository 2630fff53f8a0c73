import type { EntityName } from '@vedette/query';
import { readStoredTexts, writeStored } from '../ui/stored.ts';

const remembered = 20;

/** What was asked in this browser, the last one first. */
export function recentQueries(about: EntityName): readonly string[] {
  return readStoredTexts(`queries:${about}`) ?? [];
}

export function rememberQuery(about: EntityName, query: string): void {
  if (query === '') return;
  writeStored(`queries:${about}`, [query, ...recentQueries(about).filter((one) => one !== query)].slice(0, remembered));
}
