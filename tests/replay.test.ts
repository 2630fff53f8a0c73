import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { extractDpkg } from '@vedette/extractors';
import { readStarter } from '@vedette/feeds';
import {
  buildChecks,
  compareInOrder,
  evidenceTexts,
  indexStatements,
  type InventoryElement,
  judge,
  replayEvidence,
} from '@vedette/matching';
import { type DpkgPackage, type FactRow, Sync } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import { syncNow } from '../apps/server/src/testing/sync-now.ts';
import { importKnowledge } from '../apps/server/src/knowledge/import-knowledge.ts';
import { replayVerdicts } from '../apps/server/src/knowledge/replay-verdicts.ts';

/**
 * Every verdict on real packages by the starter knowledge base comes out of its own evidence byte for byte: the packages of this machine,
 * where it is a Debian one, and every package that the knowledge names, long not upgraded.
 */
const starter = readStarter(
  zstdDecompressSync(readFileSync(resolve(import.meta.dirname, '../content/knowledge/starter.json.zst'))).toString('utf8'),
);
const statusFile = '/var/lib/dpkg/status';
const hasStatus = existsSync(statusFile);
if (!hasStatus) process.stdout.write(`skipped: no ${statusFile}; replayed are the packages that the knowledge names\n`);

type Package = Pick<InventoryElement, 'name' | 'version' | 'architecture' | 'source' | 'sourceVersion'>;

function ofThisMachine(): Package[] {
  return hasStatus ? [...extractDpkg(readFileSync(statusFile)).packages] : [];
}

/** Every package of every release, once, in the oldest version that was a fix: as if last upgraded years ago. */
function longAgo(): InventoryElement[] {
  const oldest = new Map<string, InventoryElement>();
  for (const { ecosystem, release, package: name, fixed } of starter.advisories.flatMap(({ affected }) => affected)) {
    const key = `${ecosystem} ${release} ${name}`;
    const known = oldest.get(key)?.version;
    if (fixed === null || (known !== undefined && compareInOrder(ecosystem, fixed, known) !== -1)) continue;
    const pkg = { name, version: fixed, architecture: 'amd64', source: name, sourceVersion: fixed };
    oldest.set(key, { ...pkg, ecosystem, release, role: 'installed' });
  }
  return [...oldest.values()];
}

describe('the evidence of every verdict', () => {
  it('gives the verdict again byte for byte, and no other bytes do', () => {
    const index = indexStatements(buildChecks(starter).checks);
    const machine = ofThisMachine().map((one): InventoryElement => ({
      ...one,
      ecosystem: 'debian',
      release: 'bookworm',
      role: 'installed',
    }));
    const shared = new Set<string>();
    let [verdicts, differing] = [0, 0];
    for (const element of [...machine, ...longAgo()]) {
      for (const verdict of judge(element, index.statementsFor(element))) {
        const { record, statements } = evidenceTexts(verdict);
        verdicts += 1;
        shared.add(statements);
        if (!replayEvidence(record).same) differing += 1;
        if (verdicts % 10 > 0) continue;
        // What followed was turned into its opposite.
        const turned = record.replace(/"verdict":"(not-)?affected"/, (_all, not) => `"verdict":"${not ? '' : 'not-'}affected"`);
        if (turned === record || replayEvidence(turned).same) differing += 1;
      }
    }
    expect(verdicts).toBeGreaterThan(10_000);
    expect(differing).toBe(0);
    // They are stored once for all that considered the same, and are no prose.
    expect(shared.size).toBeLessThan(verdicts / 4);
  }, 60_000);
});

describe('replaying the platform', () => {
  it('gives every stored verdict again, and notices each of them that was changed', async () => {
    await using database = await throwAwayDatabase();
    const { db } = database;
    const at = new Date('2026-11-22T12:00:00Z');
    await importKnowledge(db, starter, { at, starter: true });
    const organizationId = randomUUID();
    const debian = ({ name, version, architecture, source, sourceVersion }: Package): DpkgPackage => ({
      name,
      version,
      architecture,
      source,
      sourceVersion,
      state: 'installed',
    });
    const old = longAgo().filter(({ release }) => release === 'bookworm');
    for (const packages of [ofThisMachine().map(debian), old.map(debian)]) {
      const agent = { organizationId, assetId: randomUUID(), id: randomUUID(), publicKey: Buffer.alloc(32) };
      const asset = { organizationId, id: agent.assetId, hostname: 'a', machineId: 'm', firstSeen: at, lastSeen: at };
      await db.insertInto('asset').values(asset).execute();
      const context = { db, clock: () => at };
      const send = (collector: string, rows: readonly FactRow[]): Promise<unknown> =>
        syncNow(context, agent, Sync.parse({ documents: [syncDocument({ collector, sequence: 1, rows })] }));
      const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: '', hostname: 'a' };
      await send('os', [{ ...os, architecture: 'amd64' }]);
      await send('dpkg', packages);
    }
    const whole = await replayVerdicts(db, { organizationId });
    expect(whole).toMatchObject({ same: whole.verdicts, differing: [], next: null });
    expect(whole.verdicts).toBeGreaterThan(3000);

    // One byte of every hundredth record's hash, which stands for one byte of the record.
    const rows = await db.selectFrom('verdict').select(['packageVersionId', 'checkNumber', 'evidenceHash']).execute();
    const chosen = rows.filter((_row, place) => place % 100 === 0);
    for (const { packageVersionId, checkNumber, evidenceHash } of chosen) {
      const [first = 0, ...rest] = evidenceHash ?? [];
      await db
        .updateTable('verdict')
        .set({ evidenceHash: Buffer.from([255 - first, ...rest]) })
        .where('packageVersionId', '=', packageVersionId)
        .where('checkNumber', '=', checkNumber)
        .execute();
    }
    const after = await replayVerdicts(db, { organizationId });
    expect(after.differing).toHaveLength(chosen.length);
    expect(new Set(after.differing.map(({ problem }) => problem))).toEqual(new Set(['differs']));
    expect(after.differing.every(({ stored, replayed }) => stored !== replayed)).toBe(true);
  }, 120_000);
});
