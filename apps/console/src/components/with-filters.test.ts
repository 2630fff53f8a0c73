import { parseQuery, writeQuery } from '@vedette/query';
import { expect, it } from 'vitest';
import { withFilters } from './with-filters.ts';

it.each([
  ['', [], ''],
  ['', ['severity:5', 'kev:true'], 'severity:5 and kev:true'],
  ['kev:true', [], 'kev:true'],
  ['kev:true or cvss:>9', ['severity:5'], '(kev:true or cvss:>9) and severity:5'],
  ['asOf:2026-11-01', ['severity:5'], 'asOf:2026-11-01 and severity:5'],
  ['asOf:2026-11-01 and kev:true', ['severity:5'], 'asOf:2026-11-01 and (kev:true) and severity:5'],
])('%j with %j is %j', (query, terms, whole) => {
  expect(withFilters(query, terms)).toBe(whole);
  // What comes of it can be understood.
  const { query: parsed } = parseQuery(whole, 'detection', Date.parse('2026-11-22'));
  expect(parsed === null || writeQuery(parsed) !== '').toBe(true);
});
