import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { KnownDifference, report, Score } from './report.ts';

const repository = join(import.meta.dirname, '../..');
export const reportFile = join(repository, 'docs/quality.md');
const expectedFile = join(import.meta.dirname, 'expected.json');
const Expected = z.object({ scores: z.array(Score), routes: z.record(z.string(), z.string()) });
export type Expected = z.infer<typeof Expected>;

export function readKnown(): KnownDifference[] {
  return z.array(KnownDifference).parse(JSON.parse(readFileSync(join(import.meta.dirname, 'known-differences.json'), 'utf8')));
}

export function readExpected(): Expected {
  return Expected.parse(JSON.parse(readFileSync(expectedFile, 'utf8')));
}

export function writeExpected(expected: Expected): void {
  writeFileSync(expectedFile, `${JSON.stringify(expected, null, 2)}\n`);
  writeFileSync(reportFile, reportOf(expected));
}

export function reportOf({ scores, routes }: Expected): string {
  return report(scores, new Map(Object.entries(routes)), readKnown());
}
