import { parseQuery } from '@vedette/query';
import { expect, it } from 'vitest';
import { assetsWithQuery, riskBandQuery } from './figure-queries.ts';

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
