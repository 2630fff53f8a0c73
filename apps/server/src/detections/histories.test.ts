import { randomUUID } from 'node:crypto';
import { type InventoryElement, judge } from '@vedette/matching';
import { type Advisory, type FactRow, Sync } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KnownAgent } from '../agents/store.ts';
import { syncNow } from '../testing/sync-now.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { explainDetection } from './explain-detection.ts';
import { findDetections } from './store.ts';

let database: ThrowAwayDatabase;
/** Runs share the knowledge base, whose time never runs backwards: each begins where the last one ended. */
let base = Date.parse('2026-01-01T00:00:00Z');
let now = base;

beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

const day = 24 * 3600 * 1000;
const check = 280_001_001;

/** Version installed or none; or fixed version that the world knows, or no advisory. Hours to the event before. */
interface Step {
  readonly hours: number;
  /** Which asset; what the world knows is of all. */
  readonly asset?: number;
  readonly installed?: string | null;
  readonly fixed?: string | null;
}

const version = fc.option(fc.constantFrom('1', '2', '3', '4'), { nil: null, freq: 3 });
const hours = fc.nat(240);
/** Several share what the world knows, which costs most to change. */
const assetCount = 4;
const step: fc.Arbitrary<Step> = fc.oneof<fc.WeightedArbitrary<Step>[]>(
  { weight: 3, arbitrary: fc.record({ hours, asset: fc.nat(assetCount - 1), installed: version }) },
  { weight: 1, arbitrary: fc.record({ hours, fixed: version }) },
);

interface Expected {
  readonly status: string;
  readonly firstFound: number;
  readonly fixedAt: number | null;
  readonly intervals: number;
}

/** The same by replay: at each event the matcher is asked whether it is true from now on. */
function replay(steps: readonly { at: number; step: Step }[], asOf: number): Expected | null {
  const stretches: { from: number; until: number | null }[] = [];
  let installed: string | null = null;
  let fixed: string | null = null;
  for (const { at, step: event } of steps) {
    if (at > asOf) break;
    if (event.installed !== undefined) installed = event.installed;
    if (event.fixed !== undefined) fixed = event.fixed;
    const affected = isAffected(installed, fixed);
    const last = stretches.at(-1);
    if (affected && last?.until === at) last.until = null;
    else if (affected && (!last || last.until !== null)) stretches.push({ from: at, until: null });
    // What begins and ends in one moment never was.
    else if (!affected && last?.until === null && last.from === at) stretches.pop();
    else if (!affected && last?.until === null) last.until = at;
  }
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (!first || !last) return null;
  const { length: intervals } = stretches;
  const fresh = first.from >= asOf - 7 * day ? 'new' : 'active';
  const open = intervals > 1 ? 'reopened' : fresh;
  return { status: last.until === null ? open : 'fixed', firstFound: first.from, fixedAt: last.until, intervals };
}

function isAffected(installed: string | null, fixed: string | null): boolean {
  if (installed === null || fixed === null) return false;
  const names = { name: 'openssl', source: 'openssl', architecture: 'amd64', release: 'bookworm', ecosystem: 'debian' as const };
  const element: InventoryElement = { ...names, version: installed, sourceVersion: installed, role: 'installed' };
  const [affected] = advisories(fixed)[0]?.affected ?? [];
  if (!affected) return false;
  const verdicts = judge(element, [{ ...affected, check, advisory: 'DSA-9001-1', feed: 'debian-dsa', published: '2025-12-01' }]);
  return verdicts[0]?.verdict === 'affected';
}

function advisories(fixed: string | null): Advisory[] {
  if (fixed === null) return [];
  const origin = { id: 'DSA-9001-1', feed: 'debian-dsa', published: '2025-12-01', vulnerabilities: ['CVE-2026-1001'] };
  const affected = { ecosystem: 'debian', release: 'bookworm', package: 'openssl', status: 'fixed', introduced: null } as const;
  return [{ ...origin, affected: [{ ...affected, fixed }] }];
}

const os: FactRow = {
  id: 'debian',
  idLike: '',
  versionId: '12',
  codename: 'bookworm',
  prettyName: 'Debian 12',
  hostname: 'h',
  architecture: 'amd64',
};

class Asset {
  readonly agent: KnownAgent = {
    organizationId: randomUUID(),
    assetId: randomUUID(),
    id: randomUUID(),
    publicKey: Buffer.alloc(32),
  };
  #sequence = 0;

  async send(collector: string, rows: readonly FactRow[]): Promise<void> {
    this.#sequence += 1;
    const context = { db: database.db, clock: () => new Date(now) };
    const document = Sync.parse({ documents: [syncDocument({ collector, sequence: this.#sequence, rows })] });
    const { results } = await syncNow(context, this.agent, document);
    if (results[0]?.outcome !== 'accepted') throw new Error(JSON.stringify(results));
  }

  async begin(): Promise<void> {
    const { organizationId, assetId: id } = this.agent;
    const seen = new Date(now);
    const asset = { organizationId, id, hostname: 'h', machineId: '', firstSeen: seen, lastSeen: seen, lastScan: null };
    await database.db.insertInto('asset').values(asset).execute();
    await this.send('os', [os]);
  }

  async apply({ installed, fixed }: Step): Promise<void> {
    if (fixed !== undefined) {
      const input = { advisories: advisories(fixed), vulnerabilities: [], origins: [] };
      await importKnowledge(database.db, input, { at: new Date(now), starter: false });
    }
    if (installed === undefined) return;
    const pkg = { name: 'openssl', architecture: 'amd64', source: 'openssl', state: 'installed' };
    await this.send('dpkg', installed === null ? [] : [{ ...pkg, version: installed, sourceVersion: installed }]);
  }

  async found(asOf: number): Promise<Expected | null> {
    const { organizationId, assetId } = this.agent;
    const query = { organizationId, asOf: new Date(asOf), status: 'all' as const, limit: 10, offset: 0 };
    const [detection, more] = (await findDetections(database.db, query)).items;
    if (more) throw new Error('one check on one asset is one detection');
    if (!detection) return null;
    const explained = await explainDetection(database.db, { organizationId, assetId, check }, { asOf: new Date(asOf) });
    const begun = explained?.intervals.filter(({ from }) => Date.parse(from) <= asOf) ?? [];
    return {
      status: detection.status,
      firstFound: Date.parse(detection.firstFound),
      fixedAt: detection.fixedAt === null ? null : Date.parse(detection.fixedAt),
      intervals: begun.length,
    };
  }
}

it('what the two histories say of a detection at any moment is what a replay of its events says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 16 }),
      fc.array(fc.nat(2400), { minLength: 2, maxLength: 2 }),
      async (steps, moments) => {
        base += 400 * day;
        now = base;
        const assets = Array.from({ length: assetCount }, () => new Asset());
        const empty = { advisories: [], vulnerabilities: [], origins: [] };
        await importKnowledge(database.db, empty, { at: new Date(now), starter: false });
        for (const asset of assets) await asset.begin();
        const history: { at: number; step: Step }[] = [];
        for (const next of steps) {
          now += next.hours * 3_600_000;
          history.push({ at: now, step: next });
          await assets[next.asset ?? 0]?.apply(next);
        }
        for (const [number, asset] of assets.entries()) {
          const own = history.filter(({ step: { asset: of } }) => of === undefined || of === number);
          for (const asOf of [...moments.map((hour) => base + hour * 3_600_000), base + 399 * day])
            expect(await asset.found(asOf)).toEqual(replay(own, asOf));
        }
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);

it('a clock that steps back breaks neither history', async () => {
  const empty = { advisories: [], vulnerabilities: [], origins: [] };
  base += 400 * day;
  now = base;
  const asset = new Asset();
  await importKnowledge(database.db, empty, { at: new Date(now), starter: false });
  await asset.begin();
  await asset.apply({ hours: 0, fixed: '3' });
  await asset.apply({ hours: 0, installed: '1' });
  now -= 3_600_000;
  await asset.apply({ hours: 0, installed: null });
  await asset.apply({ hours: 0, installed: '2' });
  expect(await asset.found(base)).toMatchObject({ status: 'new', firstFound: base });
  now -= 3_600_000;
  await asset.apply({ hours: 0, fixed: null });
  expect(await asset.found(base + day)).toBeNull();
  await asset.apply({ hours: 0, fixed: '4' });
  expect(await asset.found(base + day)).toMatchObject({ status: 'new', firstFound: base });
});
