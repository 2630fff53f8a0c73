import { randomUUID } from 'node:crypto';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { matchesThing, parseQuery, type Thing } from '@vedette/query';
import { compareDebianVersions } from '@vedette/ecosystems';
import { combinedRisk, riskScore, riskWeight } from '@vedette/matching';
import type { Detection } from '@vedette/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAssets } from '../assets/find-assets.ts';
import { findByQuery } from '../detections/find-by-query.ts';
import { findDetections } from '../detections/store.ts';
import { exceptedNow } from '../exceptions/excepted-now.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { HistoryWorld } from '../testing/history-world.ts';
import { steps } from '../testing/three-ways.ts';

const silence = { silent: 3600, stale: 7 * 86_400, archived: 30 * 86_400 };
const all = { limit: 1000, offset: 0 };

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

const times = fc.constantFrom('2026-01-01', '2026-01-10', 'now-1d', 'now-8d', 'now-30d', '2026-01-05T12:00Z');
const order = fc.constantFrom('<', '<=', '>', '>=', '');
const softwareTerm = fc.oneof(
  fc.constantFrom('name:openssl', 'name:lib*', 'openssl', 'source:openssl', 'release:trixie', 'not architecture:amd64'),
  fc.tuple(order, fc.constantFrom('1', '2', '3')).map(([operator, version]) => `version:${operator}${version}`),
);
const assetTerms = [
  'release:bookworm',
  'release:trix*',
  'os:debian',
  'pendingRestart:true',
  'critical:>0',
  'high:0',
  'medium:>=1',
  'packages:>2',
  'lastScan:*',
  'packages:1..2',
  'tag:old',
  'tag:both',
  'tag:*',
  'tag:h?nd',
  'risk:>=500',
  'risk:1..400',
  'risk:0',
];
const assetTerm = fc.oneof(
  fc.constantFrom(...assetTerms),
  fc.tuple(fc.constantFrom('firstSeen', 'lastScan'), order, times).map(([name, operator, time]) => `${name}:${operator}${time}`),
  fc.tuple(softwareTerm, fc.constantFrom(' ', ' or '), softwareTerm).map((parts) => `software:(${parts.join('')})`),
);
const detectionTerms = [
  'severity:>=high',
  'severity:1',
  'kev:true',
  'cvss:>9',
  'cvss:*',
  'confidence:information',
  'confidence:confirmed',
  'name:CVE-2026-1001',
  'name:*1003',
  'package:openssl',
  'package:lib*',
  'fixable:true',
  'risk:>=500',
  'risk:<200',
  'risk:100..700',
  'exception:true',
  'exception:false',
  'exception:*',
  'exceptionId:00000000-0000-4000-8000-000000000000',
  'exceptionId:00000000-0000-4000-8000-000000000001',
  'exceptionId:*',
  'openssl',
  'epss:*',
  'status:new',
  'status:active',
  'status:reopened',
  'status:fixed',
  'fixedAt:*',
  'status:!=new',
  'kind:vulnerability',
  'software:(name:openssl and version:<3)',
  'not software:(version:2)',
];
const detectionTerm = fc.oneof(
  fc.constantFrom(...detectionTerms),
  fc.tuple(fc.constantFrom('firstFound', 'fixedAt'), order, times).map(([name, operator, time]) => `${name}:${operator}${time}`),
);
const nestedAssets = assetTerm.map((term) => `asset:(${term})`);
const nestedDetections = detectionTerm
  .filter((term) => !/firstFound|fixedAt|status|exception/.test(term))
  .map((term) => `detection:(${term})`);

function composed(term: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { text } = fc.letrec<{ text: string }>((tie) => ({
    text: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      term,
      fc.tuple(tie('text'), fc.constantFrom(' and ', ' or '), tie('text')).map(([a, joint, b]) => `(${a}${joint}${b})`),
      tie('text').map((inner) => `not (${inner})`),
    ),
  }));
  return text;
}

describe('a query, over whatever has happened', () => {
  it('finds the same detections by the fleet index, by the histories, and by looking at each', async () => {
    const queries = fc.array(composed(fc.oneof(detectionTerm, detectionTerm, nestedAssets)), { minLength: 12, maxLength: 12 });
    const property = fc.asyncProperty(steps, queries, async (history, texts) => {
      await using played = await play(history);
      const { world, index, scope, things } = played;
      for (const text of [...detectionTerms, ...texts]) {
        const { query } = parseQuery(text, 'detection', world.now);
        if (!query) throw new Error('no query is empty here');
        const base = { ...scope, ...all, status: 'open' as const, query: text };
        const found = await findByQuery(
          { db: world.db, fleetIndex: index, clock: () => new Date(world.now), config: { silence } as never },
          { ...base, asOf: null },
        );
        // Asked for the moment that is now, the histories answer.
        const past = await findByQuery(
          { db: world.db, fleetIndex: index, clock: () => new Date(world.now), config: { silence } as never },
          { ...base, asOf: new Date(world.now) },
        );
        const speaks = /status|fixedAt/.test(text);
        const looked = things.detections.filter(
          (one) =>
            (speaks || one['status'] !== 'fixed') &&
            (text.includes('exception') || one['exception'] === false) &&
            matchesThing(query, one, compareDebianVersions),
        );
        const names = (items: readonly { assetId: string; check: number }[]): string[] =>
          items.map(({ assetId, check }) => `${assetId} ${check}`).toSorted();
        expect({ text, found: names(past.items) }).toEqual({ text, found: looked.map((one) => keyOf(one)).toSorted() });
        expect({ text, found: names(found.items), total: found.total }).toEqual({
          text,
          found: names(past.items),
          total: past.total,
        });
      }
    });
    await fc.assert(property, { numRuns: 15 });
  }, 300_000);

  it('finds the same assets by index and database as by looking at each', async () => {
    const queries = fc.array(composed(fc.oneof(assetTerm, nestedDetections)), { minLength: 12, maxLength: 12 });
    const property = fc.asyncProperty(steps, queries, async (history, texts) => {
      await using played = await play(history);
      const { world, index, scope, things } = played;
      for (const text of [...assetTerms, ...texts]) {
        const { query } = parseQuery(text, 'asset', world.now);
        if (!query) throw new Error('no query is empty here');
        const { items, total } = await findAssets(
          { db: world.db, fleetIndex: index },
          { organizationId: scope.organizationId, now: scope.asOf, ...all, silence, query: text },
        );
        const looked = things.assets.filter((one) => matchesThing(query, one, compareDebianVersions));
        expect({ text, found: items.map(({ assetId }) => assetId).toSorted(), total }).toEqual({
          text,
          found: looked.map((one) => keyOf(one)).toSorted(),
          total: looked.length,
        });
      }
    });
    await fc.assert(property, { numRuns: 15 });
  }, 300_000);
});

interface Things {
  readonly assets: readonly Thing[];
  readonly detections: readonly Thing[];
}

/** A fleet to which all that has happened; disposable. */
async function play(history: Parameters<HistoryWorld['apply']>[0][]) {
  const world = new HistoryWorld(database.db, syncDocument);
  await world.begin();
  for (const step of history) await world.apply(step);
  await world.settle();
  await tagFleet(world);
  await exceptDetections(world);
  const { db } = world;
  const clock = () => new Date(world.now);
  const index = new FleetIndex({ db, log: pino({ level: 'silent' }), clock, excepted: exceptedNow({ db, clock, silence }) });
  const scope = { organizationId: world.organizationIds[0], asOf: new Date(world.now) };
  const things = await collectThings(world, index, scope);
  return { world, index, scope, things, [Symbol.asyncDispose]: () => index[Symbol.asyncDispose]() };
}

/** Everything with all its fields, from lists that know no query. */
async function collectThings(
  world: HistoryWorld,
  index: FleetIndex,
  scope: { organizationId: string; asOf: Date },
): Promise<Things> {
  const found = await findDetections(world.db, { ...scope, ...all, status: 'all' });
  const { items } = await findAssets(
    { db: world.db, fleetIndex: index },
    { organizationId: scope.organizationId, now: scope.asOf, ...all, silence },
  );
  const tags = new Map(items.map((asset) => [`${asset.assetId}`, tagsOf(world, asset)]));
  const checks = await world.db.selectFrom('knowledgeCheck').select(['number', 'severity']).orderBy('validFrom').execute();
  const severities = new Map(checks.map(({ number, severity }) => [number, severity]));
  const plain = found.items.map((one): { assetId: string; thing: Thing } => ({
    assetId: one.assetId,
    thing: {
      exception: one.status !== 'fixed' && isExcepted(one, tags.get(one.assetId) ?? []),
      exceptionId:
        one.status !== 'fixed' && isExcepted(one, tags.get(one.assetId) ?? []) ? (exceptionIds[one.check] ?? null) : null,
      risk: riskScore(
        {
          severity: severities.get(one.check) ?? 0,
          cvss: one.cvssScore,
          epss: one.epssScore,
          exploited: one.kevSince !== null,
        },
        one.confidence === 'confirmed',
        {
          criticality: tags.get(one.assetId)?.includes('old') ? 5 : 3,
          exposure: tags.get(one.assetId)?.includes('hand') ? 'internet' : 'internal',
        },
      ),
      key: `${one.assetId} ${one.check}`,
      check: one.check,
      name: one.name,
      kind: one.kind,
      severity: one.severity,
      confidence: one.confidence,
      status: one.status,
      firstFound: Date.parse(one.firstFound),
      fixedAt: one.fixedAt === null ? null : Date.parse(one.fixedAt),
      kev: one.kevSince !== null && one.confidence !== 'information',
      cvss: one.cvssScore,
      epss: one.epssScore,
      fixable: one.packages.some(({ fixed }) => fixed !== null),
      package: one.packages.flatMap(({ name, source }) => [name, source]),
      software: one.packages.map(({ name, installed }) => ({ name, version: installed })),
    },
  }));
  const openOf = (assetId: string): Thing[] =>
    plain.flatMap(({ assetId: own, thing }) =>
      own === assetId && thing['status'] !== 'fixed' && thing['exception'] === false ? [thing] : [],
    );
  const assets = await Promise.all(
    items.map(async (asset): Promise<Thing> => {
      const software = await sql<{
        name: string;
        version: string;
        source: string;
        release: string;
        ecosystem: string;
        architecture: string;
      }>`
        select distinct package_version.* from inventory
        join package_set using (set_hash)
        join package_version on package_version.id = any(package_set.ids || inventory.added) and package_version.id <> all(inventory.removed)
        where asset_id = ${asset.assetId}`.execute(world.db);
      return {
        key: asset.assetId,
        hostname: asset.hostname,
        os: asset.os,
        ecosystem: 'debian',
        release: asset.release,
        pendingRestart: asset.pendingRestart,
        packages: asset.packages,
        tag: tagsOf(world, asset),
        ...countsOf(openOf(asset.assetId)),
        risk: combinedRisk(openOf(asset.assetId).reduce((sum, one) => sum + riskWeight(z.number().parse(one['risk'])), 0)),
        firstSeen: Date.parse(asset.firstSeen),
        lastScan: asset.lastScan === null ? null : Date.parse(asset.lastScan),
        software: software.rows.map(({ name, version, source, release, ecosystem, architecture }) => ({
          name,
          version,
          source,
          release,
          ecosystem,
          architecture,
        })),
        detection: openOf(asset.assetId),
      };
    }),
  );
  const byId = new Map(assets.map((asset) => [keyOf(asset), asset]));
  return { assets, detections: plain.map(({ assetId, thing }) => ({ ...thing, asset: [byId.get(assetId) ?? {}] })) };
}

/** One by a query, one by hand on the first asset, one that asks for both. */
async function tagFleet({ db, organizationIds: [organizationId], assets, now }: HistoryWorld): Promise<void> {
  const [first] = assets;
  await db.deleteFrom('tag').execute();
  await db.deleteFrom('assetRelease').execute();
  const meaning = {
    organizationId,
    validFrom: new Date(now),
    description: '',
    criticality: null,
    exposure: null,
    changedBy: 'test',
  };
  await db
    .insertInto('tag')
    .values([
      { ...meaning, name: 'old', query: 'release:bookworm and packages:>1', criticality: 5 },
      { ...meaning, name: 'hand', query: null, exposure: 'internet' },
      { ...meaning, name: 'both', query: 'tag:old or tag:hand' },
    ])
    .execute();
  await db
    .insertInto('assetRelease')
    .values({ organizationId, assetId: first?.assetId ?? '', pin: null, tags: ['hand'] })
    .execute();
}

/**
 * One check for version 1 everywhere, one on the first asset whatever its version, one that came to its end, and one that is only being
 * looked into.
 */
async function exceptDetections({ db, organizationIds: [organizationId], now }: HistoryWorld): Promise<void> {
  await db.deleteFrom('exceptionCheck').execute();
  await db.deleteFrom('exception').execute();
  const versions = await db.selectFrom('packageVersion').select('id').where('version', '=', '1').execute();
  const given = [
    { check: 280_001_001, assets: '', packageVersionIds: versions.map(({ id }) => id) },
    { check: 280_001_003, assets: 'tag:hand', packageVersionIds: null },
    { check: 280_001_002, assets: '', packageVersionIds: null, expiresAt: new Date(now) },
    { check: 280_001_004, assets: '', packageVersionIds: null, status: 'under_investigation' as const },
  ];
  for (const { check, packageVersionIds, ...more } of given) {
    const id = exceptionIds[check] ?? randomUUID();
    const moment = new Date(now - 1);
    const asked = { query: `check:${check}`, reason: 'tested', comment: '', requestedBy: 'a', requestedAt: moment };
    await db
      .insertInto('exception')
      .values({
        organizationId,
        id,
        anyVersion: packageVersionIds === null,
        status: 'affected',
        justification: null,
        source: 'person',
        decision: 'approved',
        decidedBy: 'b',
        decidedAt: moment,
        endedBy: null,
        ...asked,
        ...more,
      })
      .execute();
    await db
      .insertInto('exceptionCheck')
      .values({ organizationId, exceptionId: id, checkNumber: check, packageVersionIds })
      .execute();
  }
}

const exceptionIds: Readonly<Record<number, string>> = {
  280_001_001: '00000000-0000-4000-8000-000000000000',
  280_001_003: '00000000-0000-4000-8000-000000000001',
};

function isExcepted({ check, packages }: Detection, tags: readonly string[]): boolean {
  if (check === 280_001_001) return packages.every(({ installed }) => installed === '1');
  return check === 280_001_003 && tags.includes('hand');
}

function countsOf(open: readonly Thing[]): Record<string, number> {
  const names = ['informational', 'low', 'medium', 'high', 'critical'];
  return Object.fromEntries(names.map((name, index) => [name, open.filter((one) => one['severity'] === index + 1).length]));
}

function tagsOf({ assets: [first] }: HistoryWorld, asset: { assetId: string; release: string; packages: number }): string[] {
  const old = asset.release === 'bookworm' && asset.packages > 1;
  const hand = asset.assetId === first?.assetId;
  return [...(old ? ['old'] : []), ...(hand ? ['hand'] : []), ...(old || hand ? ['both'] : [])];
}

function keyOf(thing: Thing): string {
  return z.string().parse(thing['key']);
}
