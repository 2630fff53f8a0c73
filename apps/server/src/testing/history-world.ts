import { randomUUID } from 'node:crypto';
import { buildChecks, type InventoryElement, judge, packageElement, runningKernelElement } from '@vedette/matching';
import { type Advisory, type DpkgPackage, type FactRow, type KnowledgeInput, type SyncDocument } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { Ingest } from '../agents/ingest.ts';
import type { Database } from '../db/schema.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';

/** A version of each of `packageNames`, or none. */
export type Versions = readonly (string | null)[];

export const packageNames = ['openssl', 'libssl3', 'zlib1g', 'linux-image-6.1.0-9-amd64'] as const;
const sources = ['openssl', 'openssl', 'zlib', 'linux'];
const releases = ['bookworm', 'trixie'] as const;

/** What a vulnerability's advisory says: first fixed version in each release, null for none yet, absent for nothing. */
export interface Belief {
  readonly bookworm?: string | null | undefined;
  readonly trixie?: string | null | undefined;
  readonly score: number | null;
}

/** One thing that happens, so many hours after the one before. */
export type Step = { readonly hours: number } & (
  | {
      readonly kind: 'packages';
      readonly asset: number;
      readonly versions: Versions;
      readonly way: Way;
      readonly second: Versions;
    }
  | { readonly kind: 'kernel'; readonly asset: number; readonly version: string | null }
  | { readonly kind: 'release'; readonly asset: number; readonly release: number }
  | { readonly kind: 'knowledge'; readonly beliefs: readonly (Belief | null)[] }
  | { readonly kind: 'judge' | 'look' | 'rebuild' | 'verify' | 'fold' | 'deepen' | 'deepenSome' }
);

/** How a document reaches the platform: as it should, as a whole, twice, behind the one after it, or not before the next. */
export type Way = 'delta' | 'snapshot' | 'twice' | 'reordered' | 'unjudged';

interface Snapshot {
  packages: readonly DpkgPackage[];
  kernel: readonly FactRow[];
  release: number;
}

interface WorldAsset extends Snapshot {
  readonly organizationId: string;
  readonly assetId: string;
  readonly sequences: Map<string, number>;
}

/** A check found on an asset, from a moment on; none: not found from then on. */
export interface Judged {
  readonly at: number;
  readonly found: ReadonlyMap<number, boolean>;
}

/** The testkit's syncDocument; handed in, because no program may know the testkit. */
export type MakeDocument = (change: {
  readonly collector: string;
  readonly sequence: number;
  readonly rows: readonly FactRow[];
  readonly delta?: { readonly rows: readonly FactRow[]; readonly removed: readonly FactRow[] };
}) => SyncDocument;

const hour = 3_600_000;

/**
 * A small fleet of two organizations whose documents and knowledge go through the platform's own code into its database, and beside it what
 * the matcher says of each asset's snapshot at every moment at which something changed.
 */
export class HistoryWorld {
  readonly db: Kysely<Database>;
  readonly organizationIds = [randomUUID(), randomUUID()] as const;
  readonly assets: WorldAsset[];
  /** By asset id. */
  readonly judged = new Map<string, Judged[]>();
  now = Date.parse('2026-01-01T00:00:00Z');
  #knowledge: KnowledgeInput = { advisories: [], vulnerabilities: [], origins: [] };
  readonly #ingest: Ingest;
  readonly #makeDocument: MakeDocument;

  constructor(db: Kysely<Database>, makeDocument: MakeDocument) {
    this.db = db;
    this.#makeDocument = makeDocument;
    const log = pino({ level: 'silent' });
    this.#ingest = new Ingest({ db, clock: () => new Date(this.now), log, onUnjudged: () => undefined });
    this.assets = [0, 0, 1].map((organization) => ({
      organizationId: this.organizationIds[organization] ?? '',
      assetId: randomUUID(),
      sequences: new Map(),
      packages: [],
      kernel: [],
      release: 0,
    }));
  }

  /** An empty database, organizations and assets without packages. */
  async begin(): Promise<void> {
    for (const table of emptied) await sql`delete from ${sql.table(table)}`.execute(this.db);
    const createdAt = new Date(this.now);
    await this.db
      .insertInto('organization')
      .values(this.organizationIds.map((id) => ({ id, name: id, createdAt })))
      .execute();
    const times = { firstSeen: createdAt, lastSeen: createdAt, lastScan: null };
    await this.db
      .insertInto('asset')
      .values(
        this.assets.map(({ organizationId, assetId: id }) => ({ organizationId, id, hostname: id, machineId: id, ...times })),
      )
      .execute();
    await importKnowledge(this.db, this.#knowledge, { at: createdAt, starter: false });
    for (const asset of this.assets) await this.#sendRelease(asset, 0);
  }

  async apply(step: Step): Promise<void> {
    this.now += step.hours * hour;
    if (step.kind === 'knowledge') await this.#learn(step.beliefs);
    else if (step.kind === 'judge') await judgeUnjudged(this.db);
    else if ('asset' in step) {
      const asset = this.assets[step.asset];
      if (!asset) throw new RangeError(`there is no asset ${step.asset}`);
      if (step.kind === 'packages') await this.#sendPackages(asset, step);
      else if (step.kind === 'kernel') await this.#sendKernel(asset, step.version);
      else await this.#sendRelease(asset, step.release);
    }
    this.#note();
  }

  /** Nothing waits to be judged any more. */
  async settle(): Promise<void> {
    await judgeUnjudged(this.db);
  }

  #note(): void {
    const statements = buildChecks(this.#knowledge).checks.flatMap(({ number: check, affected }) =>
      affected.map((statement) => ({ ...statement, check })),
    );
    for (const asset of this.assets) {
      const found = new Map<number, boolean>();
      for (const element of elementsOf(asset)) {
        for (const { check, verdict, confidence } of judge(element, statements)) {
          if (verdict === 'affected') found.set(check, found.get(check) === true || confidence === 'confirmed');
        }
      }
      const list = this.judged.get(asset.assetId) ?? [];
      this.judged.set(asset.assetId, list);
      if (list.at(-1)?.at === this.now) list.pop();
      list.push({ at: this.now, found });
    }
  }

  async #learn(beliefs: readonly (Belief | null)[]): Promise<void> {
    const said = beliefs.flatMap((belief, index) => (belief ? [{ belief, index }] : []));
    this.#knowledge = {
      advisories: said.map(({ belief, index }) => advisory(index, belief)),
      vulnerabilities: said.flatMap(({ belief, index }) => vulnerability(index, belief.score)),
      origins: [],
    };
    await importKnowledge(this.db, this.#knowledge, { at: new Date(this.now), starter: false });
  }

  async #sendPackages(asset: WorldAsset, { versions, way, second }: Extract<Step, { kind: 'packages' }>): Promise<void> {
    const rows = packagesOf(versions);
    const sequence = (asset.sequences.get('dpkg') ?? 0) + 1;
    const from = way === 'snapshot' || sequence === 1 ? null : asset.packages;
    const document = this.#makeDocument(change({ collector: 'dpkg', sequence, rows }, from));
    asset.packages = rows;
    if (way === 'reordered') {
      const later = packagesOf(second);
      const behind = this.#makeDocument(change({ collector: 'dpkg', sequence: sequence + 1, rows: later }, rows));
      await this.#deliver(asset, behind, 'resend');
      await this.#deliver(asset, document, 'accepted');
      await this.#deliver(asset, behind, 'accepted');
      asset.packages = later;
    } else await this.#deliver(asset, document, 'accepted');
    if (way === 'twice') await this.#deliver(asset, document, 'duplicate');
    if (way !== 'unjudged') await judgeUnjudged(this.db);
  }

  async #sendKernel(asset: WorldAsset, version: string | null): Promise<void> {
    const rows = version === null ? [] : [{ release: '6.1.0-9-amd64', running: true, version, banner: 'b' }];
    await this.#sendSnapshot(asset, 'kernel', rows);
    asset.kernel = rows;
  }

  async #sendRelease(asset: WorldAsset, release: number): Promise<void> {
    const codename = releases[release] ?? 'bookworm';
    const debian = {
      id: 'debian',
      idLike: '',
      versionId: `${12 + release}`,
      codename,
      prettyName: 'Debian',
      architecture: 'amd64',
    };
    await this.#sendSnapshot(asset, 'os', [{ ...debian, hostname: asset.assetId }]);
    asset.release = release;
  }

  async #sendSnapshot(asset: WorldAsset, collector: string, rows: readonly FactRow[]): Promise<void> {
    const sequence = (asset.sequences.get(collector) ?? 0) + 1;
    await this.#deliver(asset, this.#makeDocument({ collector, sequence, rows }), 'accepted');
    await judgeUnjudged(this.db);
  }

  async #deliver({ organizationId, assetId, sequences }: WorldAsset, document: SyncDocument, expected: string): Promise<void> {
    const [result] = await this.#ingest.take({ organizationId, assetId }, [document], 1000);
    if (result?.outcome !== expected) throw new Error(`not ${expected}: ${JSON.stringify(result)}`);
    if (expected === 'accepted') sequences.set(document.collector, document.sequence);
  }
}

/** A document of these rows: a delta from those before, or the whole. */
function change(
  whole: { readonly collector: string; readonly sequence: number; readonly rows: readonly DpkgPackage[] },
  from: readonly DpkgPackage[] | null,
): Parameters<MakeDocument>[0] {
  if (from === null) return whole;
  const before = new Map(from.map((row) => [row.name, row.version]));
  const after = new Set(whole.rows.map(({ name }) => name));
  const removed = from.filter(({ name }) => !after.has(name)).map(({ name, architecture }) => ({ name, architecture }));
  return { ...whole, delta: { rows: whole.rows.filter(({ name, version }) => before.get(name) !== version), removed } };
}

function packagesOf(versions: Versions): DpkgPackage[] {
  return versions.flatMap((version, index) => {
    const names = { name: packageNames[index] ?? '', source: sources[index] ?? '' };
    return version === null ? [] : [{ ...names, version, sourceVersion: version, architecture: 'amd64', state: 'installed' }];
  });
}

function elementsOf({ packages, kernel, release }: Snapshot): InventoryElement[] {
  const machine = { release: releases[release] ?? 'bookworm', architecture: 'amd64' };
  const running = runningKernelElement(kernel as Parameters<typeof runningKernelElement>[0], machine); // Rows made above.
  return [...packages.flatMap((pkg) => packageElement(pkg, machine.release) ?? []), ...(running ? [running] : [])];
}

/** Of which source each vulnerability is. */
const vulnerable = ['openssl', 'openssl', 'zlib', 'linux'];

function advisory(index: number, belief: Belief): Advisory {
  const about = { ecosystem: 'debian', package: vulnerable[index] ?? '', introduced: null } as const;
  const origin = {
    id: `DSA-${9000 + index}-1`,
    feed: 'debian-dsa',
    published: '2025-12-01',
    vulnerabilities: [`CVE-2026-${1001 + index}`],
  };
  const affected = releases.flatMap((release) => {
    const fixed = belief[release];
    if (fixed === undefined) return [];
    return [{ ...about, release, status: fixed === null ? ('affected' as const) : ('fixed' as const), fixed }];
  });
  return { ...origin, affected };
}

function vulnerability(index: number, score: number | null): KnowledgeInput['vulnerabilities'] {
  if (score === null) return [];
  const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
  const cvss = [{ version: '3.1' as const, vector, score, source: 'nvd' }];
  return [
    { id: `CVE-2026-${1001 + index}`, published: null, cvss, cwe: [], kevSince: score > 9 ? '2026-01-01' : null, epss: null },
  ];
}

/** In an order that foreign keys allow. */
const emptied = [
  'inventory_change',
  'fact_change',
  'inventory',
  'package_set',
  'fact_row',
  'collector_state',
  'asset',
  'organization',
  'verdict',
  'unjudged',
  'statement',
  'knowledge_check',
  'knowledge_version',
  'package_version',
];
