import type { Advisory, Affected } from '@vedette/protocol';
import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { badField } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson, limited, notThisFeed } from '../shared/feed-text.ts';
import { dayOf, isCveName, modifiedOn } from '../shared/identifiers.ts';
import { ratingOf } from '../shared/rating.ts';
import { isDebugPackage, isModular, parseNevra, streamInTitle } from '../shared/rpm-package.ts';
import { splitJson } from '../shared/split-json.ts';

const MiB = 1024 * 1024;
const partBytes = 8 * MiB;

/** A page of the errata interface, as far as Vedette reads it. */
const Page = z.object({ advisories: z.array(z.unknown()).max(100_000) });
const Erratum = z.object({
  name: z.string().regex(/^R[LX][SBE]A-\d{4}:\d{1,6}(?:-\d)?$/),
  synopsis: z.string().nullish(),
  severity: z.string().nullish(),
  publishedAt: z.string().nullish(),
  updatedAt: z.string().nullish(),
  cves: z
    .array(z.object({ name: z.string() }))
    .max(20_000)
    .nullish(),
  rpms: z.record(z.string().max(256), z.object({ nvras: z.array(z.string()).max(100_000) })),
});
type Erratum = z.infer<typeof Erratum>;

/**
 * Rocky Linux errata as the project's own interface tells them (api/v2/advisories, a page or several). The same errata come in
 * the OSV schema too (osv-rocky); either is enough.
 */
export const rocky: Feed = {
  name: 'rocky',
  describes: 'Rocky Linux errata, as its errata interface tells them.',
  files: [{ pattern: 'rocky-errata*.json', url: null }],
  home: 'https://errata.rockylinux.org/',
  maxBytes: 256 * MiB,
  minimumRecords: 1,
  onDemand: true,
  ecosystems: ['rocky'],
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      for (const erratum of errataIn(file, this.maxBytes, run)) {
        run.records += 1;
        run.keep(advisoryOf(erratum, run));
      }
    }
    return run.finish();
  },
};

function* errataIn(file: FeedFile, maxBytes: number, run: FeedRun): Generator<Erratum> {
  let number = 0;
  for (const part of splitJson(limited(file, maxBytes).bytes, partBytes)) {
    const page = Page.safeParse(feedJson({ name: file.name, bytes: part }, maxBytes));
    if (!page.success) throw notThisFeed(file, 'field "advisories"', page.error);
    for (const value of page.data.advisories) {
      number += 1;
      run.lines += 1;
      const erratum = Erratum.safeParse(value);
      if (erratum.success) yield erratum.data;
      else run.problem(file.name, number, `field ${badField(erratum.error)} of an erratum`);
    }
  }
}

function advisoryOf(erratum: Erratum, run: FeedRun): Advisory | null {
  const cves = [...new Set((erratum.cves ?? []).map(({ name }) => name).filter(isCveName))];
  const affected = affectedOf(erratum, run);
  if (cves.length === 0 || affected.length === 0) {
    run.leaveOut('no vulnerability, or no package');
    return null;
  }
  const rating = ratingOf((erratum.severity ?? '').replace(/^SEVERITY_/, ''));
  return {
    id: erratum.name,
    feed: 'rocky',
    published: dayOf(erratum.publishedAt ?? ''),
    ...modifiedOn(erratum.updatedAt),
    vulnerabilities: cves,
    ...(rating ? { rating } : {}),
    affected,
  };
}

/** By product: "Rocky Linux 9", also with an architecture behind it. Those of special interest groups have packages of their own. */
function affectedOf({ rpms, synopsis }: Erratum, run: FeedRun): Affected[] {
  const found = new Map<string, Affected>();
  for (const [product, { nvras }] of Object.entries(rpms)) {
    const release = /^Rocky Linux (\d{1,2})(?: (?:x86_64|aarch64|ppc64le|s390x|riscv64))?$/.exec(product)?.[1];
    if (release === undefined) run.leaveOut('another product');
    for (const nvra of release === undefined ? [] : nvras) {
      const rpm = parseNevra(nvra);
      if (!rpm?.version) run.leaveOut('a file name that is none of an rpm');
      if (!rpm?.version || rpm.architecture === 'src' || isDebugPackage(rpm.name)) continue;
      const module = isModular(rpm.version) ? streamInTitle(synopsis ?? '') : null;
      found.set(`${release} ${rpm.name} ${rpm.version}`, {
        ecosystem: 'rocky',
        release: release ?? '',
        package: rpm.name,
        status: 'fixed',
        introduced: null,
        fixed: rpm.version,
        ...(module === null ? {} : { module }),
      });
    }
  }
  return [...found.values()];
}
