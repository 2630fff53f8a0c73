import { z } from 'zod';
import type { Difference, Measured } from './measure.ts';

/** A difference somebody looked at: the labels are wrong, or mean something else, by the word of the authority. */
export const KnownDifference = z.object({
  inventory: z.string(),
  detection: z.string(),
  kind: z.enum(['missing', 'extra']),
  reason: z.string(),
  authority: z.string(),
});
export type KnownDifference = z.infer<typeof KnownDifference>;

/** What may not get worse; shares in per mille of labels, detections and packages. */
export const Score = z.object({
  inventory: z.string(),
  ecosystem: z.string(),
  packages: z.int(),
  labels: z.int(),
  truePositives: z.int(),
  missing: z.int(),
  extra: z.int(),
  unassessed: z.int(),
});
export type Score = z.infer<typeof Score>;

/** Differences that are known count neither for nor against. */
export function score(measured: Measured, known: readonly KnownDifference[]): Score {
  const { inventory, ecosystem, packages, labels, unassessed } = measured;
  const open = openDifferences(measured, known);
  const missing = open.filter(({ kind }) => kind === 'missing').length;
  const allMissing = measured.differences.filter(({ kind }) => kind === 'missing').length;
  return {
    inventory,
    ecosystem,
    packages,
    labels,
    truePositives: labels - allMissing,
    missing,
    extra: open.length - missing,
    unassessed,
  };
}

export function openDifferences({ differences }: Measured, known: readonly KnownDifference[]): Difference[] {
  const keys = new Set(known.map(keyOf));
  return differences.filter((one) => !keys.has(keyOf(one)));
}

export function keyOf({ inventory, detection, kind }: Difference): string {
  return `${inventory} ${kind} ${detection}`;
}

export function precision({ truePositives, extra }: Pick<Score, 'truePositives' | 'extra'>): number {
  return truePositives + extra === 0 ? 1 : truePositives / (truePositives + extra);
}

export function recall({ truePositives, missing }: Pick<Score, 'truePositives' | 'missing'>): number {
  return truePositives + missing === 0 ? 1 : truePositives / (truePositives + missing);
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |\n`;
const share = (value: number): string => value.toFixed(4);

/** docs/quality.md. */
export function report(scores: readonly Score[], routes: ReadonlyMap<string, string>, known: readonly KnownDifference[]): string {
  const total = (
    list: readonly Score[],
    field: 'packages' | 'labels' | 'truePositives' | 'missing' | 'extra' | 'unassessed',
  ): number => list.reduce((sum, one) => sum + one[field], 0);
  const cells = (list: readonly Score[]): (string | number)[] => {
    const sums = { truePositives: total(list, 'truePositives'), missing: total(list, 'missing'), extra: total(list, 'extra') };
    const packages = total(list, 'packages');
    return [
      packages,
      total(list, 'labels'),
      sums.missing,
      sums.extra,
      share(precision(sums)),
      share(recall(sums)),
      `${total(list, 'unassessed')} (${((total(list, 'unassessed') / Math.max(packages, 1)) * 100).toFixed(1)} %)`,
    ];
  };
  const heads = ['packages', 'labels', 'missing', 'extra', 'precision', 'recall', 'not assessed'];
  const table = (first: string, rows: readonly (readonly (string | number)[])[]): string =>
    row([first, ...heads]) + row([first, ...heads].map(() => '---')) + rows.map(row).join('');
  const byEcosystem = [...Map.groupBy(scores, (one) => one.ecosystem)];
  return `<!-- Made by npm run quality -- --write; do not edit. -->

# Quality of matching

Inventories with known right answers, scanned with a knowledge base that the product's own importer built of the same feeds. A label is a
package and a CVE. Labels are derived by another route than the product's: the authorities' files read in the plainest way, versions compared
by the package manager itself or not at all. \`tests/quality\` holds the code; the numbers in \`tests/quality/expected.json\` may not get worse.

${table(
  'inventory',
  scores.map((one) => [one.inventory, ...cells([one])]),
)}
${table(
  'ecosystem',
  byEcosystem.map(([name, list]) => [name, ...cells(list)]),
)}
## Where the labels come from

${scores.map(({ inventory }) => `- \`${inventory}\`: ${routes.get(inventory) ?? ''}.\n`).join('')}
## Known differences

${known.length === 0 ? 'None.\n' : row(['inventory', 'package and CVE', 'kind', 'reason', 'authority']) + row(['---', '---', '---', '---', '---']) + known.map((one) => row([one.inventory, one.detection, one.kind, one.reason, one.authority])).join('')}
## What these numbers do not say

The labels rest on the same publications as the knowledge base: they show that the product reads and applies them exactly, not that the
publications are right. Modular rpms, pseudo-versions of Go and Ubuntu's extended maintenance are held by tests of their rules
([matching-rules.md](matching-rules.md)), not by these inventories.
`;
}
