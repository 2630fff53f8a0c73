import { describe, expect, it } from 'vitest';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { listEnd, queryText, readPages } from './list-options.ts';

it('takes a query that can be understood as it is', () => {
  expect(queryText('os:debian web', 'asset')).toBe('os:debian web');
  expect(queryText(undefined, 'asset')).toBeUndefined();
});

it('shows where a query is wrong', () => {
  const run = (): unknown => queryText('os:debian severity:5', 'asset');
  expect(run).toThrow(CliError);
  expect(run).toThrow('os:debian severity:5\n          ^^^^^^^^\nan asset has no field "severity"');
});

it('makes a table of more rows than a call takes arguments', () => {
  expect(
    table(
      ['n'],
      Array.from({ length: 200_000 }, (_, n) => [n]),
    ).length,
  ).toBeGreaterThan(1_000_000);
});

describe('a list by cursor', () => {
  const whole = Array.from({ length: 1203 }, (_, index) => index);
  const load = async ({ limit = 100, after = '0' }: { limit?: number | undefined; after?: string | undefined }) => {
    const end = Number(after) + limit;
    return { total: whole.length, items: whole.slice(Number(after), end), next: end < whole.length ? `${end}` : null };
  };

  it('is one page, which says how to go on', async () => {
    const page = await readPages({ limit: '2', after: '7' }, load);
    expect(page).toEqual({ total: 1203, items: [7, 8], next: '9' });
    expect(listEnd(page)).toBe('2 of 1203; go on with --after 9, or ask for --all');
  });

  it('is all of it where that is asked for', async () => {
    const all = await readPages({ all: true }, load);
    expect(all).toEqual({ total: 1203, items: whole, next: null });
    expect(listEnd(all)).toBe('1203 in all');
  });

  it('is not both', async () => {
    await expect(readPages({ all: true, limit: '5' }, load)).rejects.toThrow('exclude each other');
  });
});
