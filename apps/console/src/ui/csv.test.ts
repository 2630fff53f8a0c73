import { expect, it } from 'vitest';
import { toCsv } from './csv.ts';

it.each([
  ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\uFF1D1', "'\uFF1D1"],
  ['a,b', '"a,b"'],
  ['two\nlines', '"two\nlines"'],
  ['1.0~rc1', '1.0~rc1'],
  [-1, '-1'],
  [null, ''],
  [true, 'true'],
])('the value %j is written as %j', (value, field) => {
  expect(toCsv(['h'], [[value]])).toBe(`\uFEFFh\r\n${field}\r\n`);
});
