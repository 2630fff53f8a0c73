import type { Vulnerability } from '@vedette/protocol';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedLines, notThisFeed } from '../shared/feed-text.ts';
import { dayOf, isCveName } from '../shared/identifiers.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';

const MiB = 1024 * 1024;

export const epss: Feed = {
  name: 'epss',
  factsOnly: true,
  describes: 'EPSS of FIRST: how probable it is that a vulnerability is exploited within 30 days.',
  files: [{ pattern: 'epss_scores*.csv.gz', url: 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz' }],
  maxBytes: 128 * MiB,
  minimumRecords: 200_000,
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      let rows = 0;
      for (const row of readScores(file, this.maxBytes, run)) {
        rows += 1;
        if (row !== unwanted) run.keepFacts(row, newestOf);
      }
      // Each file holds the scores of one day for all CVEs.
      run.records = Math.max(run.records, rows);
    }
    return run.finish();
  },
};

/** A row of a vulnerability that nobody asked for: most of them, whose numbers need no objects. */
const unwanted = 'unwanted';

function newestOf(earlier: Vulnerability, later: Vulnerability): Vulnerability {
  return (earlier.epss?.date ?? '') <= (later.epss?.date ?? '') ? later : earlier;
}

/** `#model_version:…,score_date:2026-01-30T12:55:00Z`, then the names of the columns, then CVE, score, percentile. */
function* readScores(file: FeedFile, maxBytes: number, run: FeedRun): Generator<Vulnerability | typeof unwanted> {
  let date: string | null = null;
  for (const line of feedLines(file, maxBytes)) {
    if (line.number === 1) date = dayOf(/^#model_version:[^,]{1,64},score_date:(.{10})/.exec(line.text)?.[1] ?? '');
    if (!date || (line.number === 2 && line.text !== 'cve,epss,percentile')) throw notThisFeed(file, `line ${line.number}`);
    if (line.number <= 2) continue;
    run.lines += 1;
    const row = readRow(line.text, date, run);
    if (row) yield row;
    else run.problem(file.name, line.number, 'not a CVE name and two numbers from 0 to 1');
  }
  if (!date) throw notThisFeed(file, 'line 1');
}

/** Shares are numbers from 0 to 1; very small ones are written like 9e-05. */
const share = String.raw`\d(?:\.\d{1,22})?(?:e-\d\d?)?`;
const rowForm = new RegExp(`^[^,]{1,20},${share},${share}$`);

function readRow(text: string, date: string, run: FeedRun): Vulnerability | typeof unwanted | null {
  if (!rowForm.test(text)) return null;
  const first = text.indexOf(',');
  const second = text.indexOf(',', first + 1);
  const cve = text.slice(0, first);
  const score = Number(text.slice(first + 1, second));
  const percentile = Number(text.slice(second + 1));
  if (!isCveName(cve) || score > 1 || percentile > 1) return null;
  if (!run.wants(cve)) return unwanted;
  return { ...emptyVulnerability(cve), epss: { score, percentile, date } };
}
