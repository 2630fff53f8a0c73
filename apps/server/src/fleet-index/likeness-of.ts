import type { OrganizationIndex } from './organization-index.ts';

/**
 * The same number for checks, by their places, that are open on the same assets and that no exception covers: of a kernel there are thousands.
 * Valid until something changes.
 */
export function likenessOf({ book, excepted }: OrganizationIndex, place: number): number {
  return excepted.byPlace.has(place) ? -1 - place : book.subjectOf(place);
}
