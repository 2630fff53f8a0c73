import { expect, it } from 'vitest';
import { CliError } from '../errors.ts';
import { queryText } from './list-options.ts';

it('takes a query that can be understood as it is', () => {
  expect(queryText('os:debian web', 'asset')).toBe('os:debian web');
  expect(queryText(undefined, 'asset')).toBeUndefined();
});

it('shows where a query is wrong', () => {
  const run = (): unknown => queryText('os:debian severity:5', 'asset');
  expect(run).toThrow(CliError);
  expect(run).toThrow('os:debian severity:5\n          ^^^^^^^^\nan asset has no field "severity"');
});
