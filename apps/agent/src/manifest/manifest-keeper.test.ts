import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReadManifest } from '@vedette/collectors';
import { manifestLimits, manifestSigningText, type SignedManifest } from '@vedette/protocol';
import { readJournal } from '../state/journal.ts';
import { manifestCollectors } from './manifest-collectors.ts';
import { ManifestKeeper } from './manifest-keeper.ts';

const platform = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'manifest-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const probe = { id: 'a', kind: 'file', path: '/etc/passwd' };

function signed(
  content: unknown,
  { key = platform.privateKey, keyid = 'platform' }: { key?: KeyObject; keyid?: string } = {},
): SignedManifest {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return { keyid, content: text, signature: sign(null, Buffer.from(manifestSigningText(text)), key).toString('base64') };
}
const manifest = (version: number, more: object = {}) => signed({ format: 1, version, probes: [probe], ...more });
function open(released: () => ReadManifest | null = () => null): ManifestKeeper {
  const parts = { released, stateDirectory: directory, platformKey: platform.publicKey, log: () => undefined, now: () => 0 };
  return new ManifestKeeper(parts);
}
const journal = () => readJournal(directory).map(({ subjects }) => subjects.join());

describe('ManifestKeeper', () => {
  it('takes what the platform signed, keeps it over a restart, and says so in the journal', () => {
    const keeper = open();
    expect(keeper.report()).toEqual({ version: 0 });
    expect(keeper.take(manifest(7))).toBe(true);
    expect(keeper.take(manifest(7))).toBe(false);
    expect(open().current).toMatchObject({ version: 7, probes: [probe] });
    expect(open().report()).toEqual({ version: 7 });
    expect(journal()).toEqual(['manifest 7 taken, 1 probes']);
  });

  it.each<[string, SignedManifest, string]>([
    ['an older one', manifest(6), 'manifest 6 refused: it is older than 7, which is in use'],
    [
      'one that another signed',
      signed({ format: 1, version: 9, probes: [] }, { key: stranger.privateKey }),
      'manifest 9 refused: its signature is not that of the platform',
    ],
    [
      'one of an unknown key',
      signed({ format: 1, version: 9, probes: [] }, { keyid: 'content-1' }),
      'manifest 9 refused: it is signed by a key that this agent does not know',
    ],
    [
      'one of an unknown form',
      manifest(9, { format: 2 }),
      'manifest 9 refused: its format is not known to this agent; a newer one is needed',
    ],
    [
      'one that is too large',
      manifest(9, { note: 'x'.repeat(manifestLimits.bytes) }),
      `manifest 9 refused: it is larger than ${manifestLimits.bytes} bytes`,
    ],
    ['no JSON', signed('{'), 'manifest 0 refused: it is no JSON'],
    [
      'nothing at all',
      { keyid: '', content: '', signature: '' },
      'manifest 0 refused: it is signed by a key that this agent does not know',
    ],
    [
      'a signature of something else',
      { ...manifest(9), signature: sign(null, Buffer.from(manifest(9).content), platform.privateKey).toString('base64') },
      'manifest 9 refused: its signature is not that of the platform',
    ],
    [
      'one changed on its way',
      { ...manifest(9), content: manifest(9).content.replace('passwd', 'shadow') },
      'manifest 9 refused: its signature is not that of the platform',
    ],
  ])('refuses %s once, goes on with what it has, and tells the platform', (_, bad, entry) => {
    const keeper = open();
    keeper.take(manifest(7));
    expect(keeper.take(bad)).toBe(false);
    expect(keeper.take(bad)).toBe(false);
    expect(keeper.current?.version).toBe(7);
    expect(journal()).toEqual(['manifest 7 taken, 1 probes', entry]);
    expect(keeper.report()).toMatchObject({ version: 7, refused: { problem: entry.replace(/^manifest [0-9]+ refused: /, '') } });
    expect(open().current?.version).toBe(7);
    expect(keeper.take(manifest(10))).toBe(true);
    expect(keeper.report()).toEqual({ version: 10 });
  });

  it('prefers the manifest of a release while there is one, and keeps that of the platform for afterwards', () => {
    let released: ReadManifest | null = { version: 3, probes: [] };
    const keeper = open(() => released);
    expect(keeper.settle(manifest(7))).toBe(false);
    expect([keeper.current?.version, keeper.report()]).toEqual([3, { version: 7 }]);
    released = { version: 4, probes: [] };
    expect(keeper.settle(undefined)).toBe(true);
    expect(keeper.settle(undefined)).toBe(false);
    expect(keeper.current?.version).toBe(4);
    released = null;
    expect(keeper.settle(undefined)).toBe(true);
    expect(keeper.current?.version).toBe(7);
  });

  it.each([
    ['was changed', (text: string) => text.replace('passwd', 'shadow')],
    ['was cut', (text: string) => text.slice(0, -20)],
    ['is empty', () => ''],
  ])('starts without a manifest when the copy on disk %s', (_, change) => {
    open().take(manifest(7));
    const file = join(directory, 'manifest.json');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
    expect(open().current).toBeNull();
  });
});

describe('manifestCollectors', () => {
  it('runs all but posture without a manifest, and those that the manifest names with one', () => {
    const names = (given: Parameters<typeof manifestCollectors>[0]) => manifestCollectors(given).map(({ fact }) => fact.name);
    expect(names(null)).not.toContain('posture');
    expect(names({ version: 1, probes: [] })).toEqual([...names(null), 'posture']);
    expect(names({ version: 1, probes: [], collectors: ['dpkg', 'os', 'nothing'] })).toEqual(['os', 'dpkg', 'posture']);
  });
});
