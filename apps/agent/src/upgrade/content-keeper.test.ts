import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveContent } from './content-file.ts';
import { ContentKeeper } from './content-keeper.ts';
import { realDisk } from './disk.ts';
import type { FetchOutcome } from './fetch-release.ts';

const outcome: FetchOutcome = {
  status: 'staged',
  version: '',
  reason: null,
  detail: '',
  retryAfterSeconds: 0,
  origins: [],
  notes: [],
  peakRssBytes: 0,
};
let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'vedette-content-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** What a fetch ends with: the version on disk; a version that begins with "bad" fails. */
function world() {
  const seen = { fetched: [] as string[], told: [] as string[], ms: 0 };
  const keeper = new ContentKeeper({
    installation: { disk: realDisk, directory },
    fetch: async (wanted, region) => {
      seen.fetched.push(`${wanted}@${region}`);
      const version = wanted.slice('manifests/'.length);
      if (version.startsWith('bad')) return { ...outcome, status: 'failed', reason: 'verification', detail: 'wrong bytes' };
      const text = JSON.stringify({ format: 1, version: Number(version), probes: [] });
      saveContent(realDisk, directory, 'manifests', { version, sha256: hash('sha256', text), text });
      return outcome;
    },
    tell: (text) => void seen.told.push(text),
    elapsed: () => seen.ms,
    random: () => 0,
  });
  return { keeper, seen };
}

describe('ContentKeeper', () => {
  it('takes what is wanted once, keeps it over a restart, and lets it go when it is wanted no more', async () => {
    const { keeper, seen } = world();
    for (let turn = 0; turn < 2; turn += 1) await keeper.pursue({ content: { manifests: '7' }, region: 'emea' });
    expect([seen.fetched, keeper.manifest?.version]).toEqual([['manifests/7@emea'], 7]);
    expect(world().keeper.report()).toEqual({ content: { manifests: '7' } });
    await keeper.pursue({});
    expect([keeper.manifest, keeper.report(), world().keeper.manifest]).toEqual([null, { content: {} }, null]);
    expect(seen.told).toEqual(['manifests 7 taken, 0 probes', 'manifests 7 not wanted any more']);
  });

  it('goes back to an older one that is wanted', async () => {
    const { keeper } = world();
    await keeper.pursue({ content: { manifests: '7' } });
    await keeper.pursue({ content: { manifests: '6' } });
    expect(keeper.report()).toEqual({ content: { manifests: '6' } });
  });

  it('reports what it could not take, stays with what it has, and tries again after a pause', async () => {
    const { keeper, seen } = world();
    await keeper.pursue({ content: { manifests: '7' } });
    const contentProblems = { manifests: { version: 'bad', reason: 'verification', detail: 'wrong bytes' } };
    for (let turn = 0; turn < 2; turn += 1) await keeper.pursue({ content: { manifests: 'bad' } });
    expect(keeper.report()).toEqual({ content: { manifests: '7' }, contentProblems });
    expect([keeper.manifest?.version, seen.fetched.length]).toEqual([7, 2]);
    seen.ms += 3600_000;
    await keeper.pursue({ content: { manifests: 'bad' } });
    expect(seen.fetched).toHaveLength(3);
    await keeper.pursue({ content: { manifests: '7' } });
    expect(keeper.report()).toEqual({ content: { manifests: '7' } });
  });

  it('fetches again what the disk has spoilt', async () => {
    await world().keeper.pursue({ content: { manifests: '7' } });
    writeFileSync(join(directory, 'content/manifests.json'), 'x');
    const { keeper, seen } = world();
    expect(keeper.manifest).toBeNull();
    await keeper.pursue({ content: { manifests: '7' } });
    expect([seen.fetched.length, keeper.manifest?.version]).toEqual([1, 7]);
  });
});
