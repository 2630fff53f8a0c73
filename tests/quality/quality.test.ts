import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readExpected, readKnown, reportFile, reportOf } from './files.ts';
import { archives } from './inventories.ts';
import { missingJudges } from './judges.ts';
import { measureAll, type Measured } from './measure.ts';
import { keyOf, precision, recall, score } from './report.ts';

const data = join(process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../shared'), 'data');
const missing = [...missingJudges(), ...Object.keys(archives).filter((archive) => !existsSync(join(data, archive)))];
if (missing.length > 0) process.stdout.write(`skipped: no feed data, or no ${missing.join(', ')}\n`);

it('docs/quality.md holds what was recorded (npm run quality -- --write)', () => {
  expect(readFileSync(reportFile, 'utf8')).toBe(reportOf(readExpected()));
});

describe.runIf(missing.length === 0)(
  `labelled inventories${missing.length === 0 ? '' : ` (skipped: no ${missing.join(', ')})`}`,
  () => {
    const expected = readExpected();
    let measured: Measured[];
    beforeAll(async () => {
      measured = await measureAll();
    }, 180_000);

    it('are those that were recorded, none less and none smaller', () => {
      const sizes = (list: readonly { inventory: string; packages: number; labels: number }[]) =>
        list.map(({ inventory, packages, labels }) => `${inventory}: ${packages} packages, ${labels} labels`);
      expect(sizes(measured)).toEqual(sizes(expected.scores));
      expect(Math.min(...measured.map(({ labels }) => labels))).toBeGreaterThan(100);
    });

    it.each(expected.scores)('$inventory is judged no worse than recorded', (recorded) => {
      const one = measured.find(({ inventory }) => inventory === recorded.inventory);
      const now = one && score(one, readKnown());
      expect(now && precision(now)).toBeGreaterThanOrEqual(precision(recorded));
      expect(now && recall(now)).toBeGreaterThanOrEqual(recall(recorded));
      expect(now?.unassessed).toBeLessThanOrEqual(recorded.unassessed);
    });

    it('still differ where a difference is listed as known', () => {
      const differences = new Set(measured.flatMap((one) => one.differences.map(keyOf)));
      expect(readKnown().filter((one) => !differences.has(keyOf(one)))).toEqual([]);
    });
  },
);
