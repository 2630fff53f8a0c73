import { expect, it } from 'vitest';
import type { Place } from '../http/list-cursor.ts';
import { OrganizationIndex } from './organization-index.ts';
import type { PackageName } from './package-names.ts';
import { pageByPackage } from './page-by-package.ts';
import { VerdictBook } from './verdict-book.ts';
import { DetectionVisits } from './visit-detections.ts';

const [bash, headers, image, running] = [1, 2, 3, 4];
const names: Readonly<Record<number, PackageName>> = {
  [bash]: { name: 'bash', role: 'installed' },
  [headers]: { name: 'linux-headers', role: 'installed' },
  [image]: { name: 'linux-image', role: 'installed' },
  [running]: { name: 'linux-image', role: 'running' },
};
const begin = Date.UTC(2026, 0, 1);

/** Assets with these package versions: one check speaks of bash, the other of the rest. */
function indexOf(...installed: readonly (readonly number[])[]): OrganizationIndex {
  const book = new VerdictBook();
  for (const number of [7, 8]) {
    book.enterCheck({ number, name: `C-${number}`, severity: 3, exploited: false, epss: null, cvss: null });
  }
  const said = { validFrom: 1, from: begin, until: Infinity, confirmed: true, potential: false, upgrade: null };
  for (const packageVersion of [bash, headers, image, running])
    book.enterVerdict({ ...said, packageVersion, check: packageVersion === bash ? 7 : 8 });
  const index = new OrganizationIndex(book, begin);
  for (const [at, steady] of installed.entries()) {
    const names = { number: at + 1, assetId: `asset-${at}`, hostname: '', os: '', ecosystem: '', release: '', architecture: '' };
    const agent = { agentVersion: null, hasCheckedIn: false };
    const asset = index.enterAsset({ ...names, ...agent, pendingRestart: false, firstSeen: begin });
    index.load(asset, { birth: begin, lastChange: begin, steady, presences: [] });
  }
  index.judgeFirst([0, 1]);
  return index;
}

const index = indexOf([headers, image], [headers, running], [bash, image], [image, running], [headers], []);

/** All of them in pages of so many, as "check on asset". */
function read(limit: number, isTurned: boolean): string[] {
  using visits = new DetectionVisits(index, {
    test: () => true,
    lookedAt: { isWithGone: false, exception: 'without' },
    moment: begin,
  });
  const parts = { select: visits.all, names: { of: (id: number) => names[id] ?? { name: '', role: 'installed' } } };
  const all: string[] = [];
  for (let after: Place | null | undefined; after !== null;) {
    const page = pageByPackage(index, { limit, offset: 0, after, turned: [isTurned, false, false, false, false] }, parts);
    expect(page.total).toBe(6);
    all.push(...page.items.map(({ check, assetId }) => `${check} on ${assetId.at(-1)}`));
    after = page.last;
  }
  return all;
}

it.each([1, 2, 3, 100])('detections by package stand where the one is that runs, else the first one, in pages of %i', (limit) => {
  expect(read(limit, false)).toEqual(['7 on 2', '8 on 0', '8 on 4', '8 on 1', '8 on 2', '8 on 3']);
  expect(read(limit, true)).toEqual(['8 on 1', '8 on 2', '8 on 3', '8 on 0', '8 on 4', '7 on 2']);
});
