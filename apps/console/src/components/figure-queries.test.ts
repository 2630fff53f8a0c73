import { parseQuery } from '@vedette/query';
import { expect, it } from 'vitest';
import { assetsWithQuery, foundOnDayQuery, goneOnDayQuery, riskBandQuery } from './figure-queries.ts';

it.each([
  ['a risk band', riskBandQuery(0, 100), 'risk:>=0 and risk:<100'],
  ['the highest risk band', riskBandQuery(750, undefined), 'risk:>=750'],
  [
    'a group of detections',
    assetsWithQuery('(kev:true or cvss:>9) and severity:5'),
    'detection:((kev:true or cvss:>9) and severity:5)',
  ],
  ['a group by what assets are', assetsWithQuery('asset:(os:="Debian 12")'), 'detection:(asset:(os:="Debian 12"))'],
])('the assets of %s are asked for by a query that can be asked', (_, query, text) => {
  expect(query).toBe(text);
  expect(parseQuery(text, 'asset', 0).query).not.toBeNull();
});

it('the assets of detections of a moment of the past cannot be asked for', () =>
  expect(assetsWithQuery('asOf:2026-11-01 and severity:5')).toBeNull());

it.each([
  ['found', foundOnDayQuery, 'firstFound:>2026-11-20T09:00:00.125Z and status:* and exception:*'],
  ['gone', goneOnDayQuery, 'fixedAt:>2026-11-20T09:00:00.125Z and exception:*'],
])('what was %s on a day is asked for as of its end, by a query that can be asked', (_, queryOf, terms) => {
  const query = queryOf('2026-11-21T09:00:00.125Z');
  expect(query).toBe(`asOf:2026-11-21T09:00:00.125Z and ${terms}`);
  expect(parseQuery(query, 'detection', Date.parse('2026-11-22')).query).not.toBeNull();
});
