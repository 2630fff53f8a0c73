import { missingJudges } from './judges.ts';
import { readKnown, writeExpected } from './files.ts';
import { measureAll } from './measure.ts';
import { openDifferences, precision, recall, score } from './report.ts';

/** `npm run quality [-- --write]`: prints the scores and what differs; with --write they become the ones that may not get worse. */
const missing = missingJudges();
if (missing.length > 0) throw new Error(`not on this machine: ${missing.join(', ')}`);
const known = readKnown();
const measured = await measureAll();
for (const one of measured) {
  const scored = score(one, known);
  process.stdout.write(`${one.inventory}: precision ${precision(scored).toFixed(4)}, recall ${recall(scored).toFixed(4)}\n`);
  for (const { kind, detection } of openDifferences(one, known).slice(0, 10)) process.stdout.write(`  ${kind}: ${detection}\n`);
}
if (process.argv.includes('--write')) {
  writeExpected({
    scores: measured.map((one) => score(one, known)),
    routes: Object.fromEntries(measured.map(({ inventory, route }) => [inventory, route])),
  });
}
