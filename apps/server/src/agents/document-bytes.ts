import type { SyncDocument } from '@vedette/protocol';

/**
 * Documents of one request share its compressed bytes by the length of their texts: an estimate, exact for a single one. Looks only as deep
 * as rows go: what is nested deeper is not checked yet, and could break any recursion.
 */
export function documentBytes(documents: readonly SyncDocument[], bytes: number): number[] {
  const weights = documents.map(weight);
  const share = bytes / weights.reduce((sum, each) => sum + each, 0);
  return weights.map((each) => Math.round(share * each));
}

function weight({ rows, removed }: SyncDocument): number {
  const values = [rows, removed].flatMap(({ constants, columns }) => [constants, ...Object.values(columns)]);
  return values.reduce(
    (sum, column) => Object.values(column).reduce<number>((part, value) => part + 2 + lengthOf(value), sum),
    100,
  );
}

function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + (typeof item === 'string' ? item.length : 1), 0);
  return typeof value === 'string' ? value.length : 4;
}
