import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TargetCustom } from '@vedette/protocol';
import { TestReleases } from '@vedette/testkit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  addSignature,
  createSigningKey,
  directorySource,
  head,
  metaOf,
  metadataPath,
  type OnlineSigners,
  parseOffline,
  readCustom,
  readPublished,
  ReleaseError,
  renewOnline,
  rotateKeys,
  serialize,
  type Signer,
  signerOf,
  TargetCheck,
  TrustedMetadata,
} from './index.ts';

const hour = 3600 * 1000;
const day = 24 * hour;
const start = new Date('2026-11-22T00:00:00Z');

let releases: TestReleases;
let client: string;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: start });
  releases = await TestReleases.create(start);
  client = await mkdtemp(join(tmpdir(), 'vedette-client-'));
  await writeFile(join(client, 'root.json'), await releases.root());
});
afterEach(async () => {
  vi.useRealTimers();
  await releases[Symbol.asyncDispose]();
  await rm(client, { recursive: true });
});

/** A client that looks at a mirror: `change` stands for what the mirror does to a file. */
async function look(
  mirror: string,
  target = 'code/agent-linux-x64/1.0.0.zst',
  change = (_path: string, bytes: Uint8Array) => bytes,
) {
  const source = directorySource(join(mirror, 'tuf'));
  await using trusted = await TrustedMetadata.open(client, async (path, maxBytes) => {
    const bytes = await source.read(path, maxBytes);
    return bytes && change(path, bytes);
  });
  await trusted.refresh();
  return await trusted.find(target);
}

async function copyOfMirror(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'vedette-mirror-'));
  onTestFinished(() => rm(copy, { recursive: true }));
  await cp(releases.directory, copy, { recursive: true });
  return copy;
}

const refused = (code: string) => expect.objectContaining({ name: 'ReleaseError', code });

async function trustedVersion(role: string): Promise<number> {
  const text = await readFile(join(client, `${role}.json`), 'utf8');
  return (JSON.parse(text) as { signed: { version: number } }).signed.version;
}

describe('an honest mirror', () => {
  it('tells a client what a target is', async () => {
    await releases.releaseProgram(Buffer.from('agent 1'), { product: 'agent', version: '1.0.0' }, start);
    const found = await look(releases.directory);
    expect(found).toMatchObject({ name: 'code/agent-linux-x64/1.0.0.zst' });
    expect(found && readCustom(found)).toMatchObject({ kind: 'program', product: 'agent', unpacked: { length: 7 } });
  });
  it('says null for what nobody signed', async () => expect(await look(releases.directory)).toBeNull());
  it('leads through a chain of new roots, also when all keys changed', async () => {
    for (let round = 0; round < 3; round++) await changeRootKey();
    expect(await look(releases.directory)).toBeNull();
    expect(await trustedVersion('root')).toBe(4);
  });
});

/** Replaces one root key; the old and the new keys sign. */
async function changeRootKey(): Promise<void> {
  const [oldest] = releases.keys.root;
  const fresh = createSigningKey('root');
  await rotateKeys(releases.directory, { role: 'root', add: [fresh.file], remove: [oldest?.file.keyId ?? ''] }, start);
  await releases.publish(start);
  (releases.keys.root as unknown[]).shift();
  (releases.keys.root as unknown[]).push(fresh);
}

describe('a malicious mirror', () => {
  it('cannot roll back to metadata that was valid before', async () => {
    const old = await copyOfMirror();
    await releases.releaseProgram(Buffer.from('agent 1'), { product: 'agent', version: '1.0.0' }, start);
    await look(releases.directory);
    await expect(look(old)).rejects.toEqual(refused('METADATA_ROLLBACK'));
    expect(await look(releases.directory)).not.toBeNull();
  });

  it('cannot freeze a client: an old timestamp expires', async () => {
    await look(releases.directory);
    vi.setSystemTime(start.getTime() + 4 * day);
    await expect(look(releases.directory)).rejects.toEqual(refused('METADATA_EXPIRED'));
    await renewOnline(releases.directory, { online: releases.online, now: new Date() });
    expect(await look(releases.directory)).toBeNull();
  });

  it('cannot mix the files of two releases', async () => {
    const old = await copyOfMirror();
    await releases.releaseProgram(Buffer.from('agent 1'), { product: 'agent', version: '1.0.0' }, start);
    const oldFile = (name: string) => readFile(join(old, 'tuf', name));
    const [snapshot, code] = await Promise.all([oldFile('1.snapshot.json'), oldFile('1.code.json')]);
    const mixing = (path: string, bytes: Uint8Array) => (path.endsWith('snapshot.json') ? snapshot : bytes);
    await expect(look(releases.directory, undefined, mixing)).rejects.toEqual(refused('METADATA_INVALID'));
    const mixingCode = (path: string, bytes: Uint8Array) => (path.endsWith('code.json') ? code : bytes);
    await expect(look(releases.directory, undefined, mixingCode)).rejects.toEqual(refused('METADATA_INVALID'));
  });

  it('cannot hold back a delegated role that was there', async () => {
    await releases.releaseProgram(Buffer.from('agent 1'), { product: 'agent', version: '1.0.0' }, start);
    await look(releases.directory);
    const published = await readPublished(releases.directory);
    const without = structuredClone(published?.snapshot.signed);
    if (!without) throw new Error('nothing is published');
    delete without.meta['code.json'];
    Object.assign(without, head('snapshot', without.version + 1, start));
    const mirror = await publishSnapshot(without, releases.online);
    await expect(look(mirror)).rejects.toEqual(refused('METADATA_ROLLBACK'));
  });

  it('cannot send endless metadata', async () => {
    const limits: [string, number][] = [];
    await using trusted = await TrustedMetadata.open(client, (path, maxBytes) => {
      limits.push([path, maxBytes]);
      return Promise.resolve(path === '2.root.json' ? null : Buffer.alloc(maxBytes + 1));
    });
    await expect(trusted.refresh()).rejects.toEqual(refused('METADATA_INVALID'));
    expect(limits).toEqual([
      ['2.root.json', 512_000],
      ['timestamp.json', 16_384],
    ]);
  });

  it('cannot send endless or other bytes for a target', async () => {
    await releases.releaseProgram(Buffer.from('agent 1'), { product: 'agent', version: '1.0.0' }, start);
    const found = await look(releases.directory);
    if (!found) throw new Error('not found');
    const bytes = await readFile(join(releases.directory, 'targets', found.path));
    const mismatch = refused('TARGET_MISMATCH');
    expect(() => new TargetCheck(found).update(Buffer.concat([bytes, Buffer.from('x')]))).toThrow(mismatch);
    const [cut, altered] = [new TargetCheck(found), new TargetCheck(found)];
    cut.update(bytes.subarray(1));
    expect(() => cut.finish()).toThrow(mismatch);
    altered.update(Buffer.from(bytes.map((byte, index) => (index === 5 ? byte ^ 1 : byte))));
    expect(() => altered.finish()).toThrow(mismatch);
    const right = new TargetCheck(found);
    for (const byte of bytes) right.update(Uint8Array.of(byte));
    expect(() => right.finish()).not.toThrow();
  });

  it.each(['timestamp.json', '1.snapshot.json', '1.targets.json', '1.code.json'])('cannot alter one bit of %s', async (name) => {
    const flip = (path: string, bytes: Uint8Array) =>
      path === name ? Buffer.from(Buffer.from(bytes).toString('utf8').replace('"expires": "2', '"expires": "3')) : bytes;
    await expect(look(releases.directory, undefined, flip)).rejects.toThrow(ReleaseError);
  });
});

/** A mirror whose snapshot and timestamp were signed by somebody who holds these keys. */
async function publishSnapshot(signed: Parameters<typeof serialize>[0]['signed'], online: OnlineSigners): Promise<string> {
  const mirror = await copyOfMirror();
  const published = await readPublished(releases.directory);
  const version = (published?.timestamp.signed.version ?? 0) + 1;
  const snapshot = serialize(await addSignature({ signed, signatures: [] } as never, online.snapshot));
  await writeFile(join(mirror, 'tuf', metadataPath('snapshot', signed.version)), snapshot);
  const meta = { 'snapshot.json': metaOf(snapshot, signed.version) };
  const timestamp = { _type: 'timestamp' as const, ...head('timestamp', version, start), meta };
  const bytes = serialize(await addSignature({ signed: timestamp, signatures: [] }, online.timestamp));
  await writeFile(join(mirror, 'tuf', 'timestamp.json'), bytes);
  return mirror;
}

describe('keys in the wrong hands', () => {
  const stranger = (role: 'snapshot' | 'timestamp'): Signer => signerOf(createSigningKey(role));

  it('of a stranger sign nothing', async () => {
    const published = await readPublished(releases.directory);
    if (!published) throw new Error('nothing is published');
    const signed = { ...published.snapshot.signed, ...head('snapshot', 2, start) };
    const mirror = await publishSnapshot(signed, { snapshot: stranger('snapshot'), timestamp: releases.online.timestamp });
    await expect(look(mirror)).rejects.toEqual(refused('METADATA_INVALID'));
  });

  it('of the timestamp cannot sign a snapshot', async () => {
    const published = await readPublished(releases.directory);
    if (!published) throw new Error('nothing is published');
    const signed = { ...published.snapshot.signed, ...head('snapshot', 2, start) };
    const { timestamp } = releases.online;
    await expect(look(await publishSnapshot(signed, { snapshot: timestamp, timestamp }))).rejects.toEqual(
      refused('METADATA_INVALID'),
    );
  });

  it.each([
    ['one of three root keys, twice', 'root'],
    ['one of three targets keys, twice', 'targets'],
  ] as const)('%s, are below the threshold', async (_what, role) => {
    const published = await readPublished(releases.directory);
    const [key] = releases.keys[role];
    if (!published || !key) throw new Error('nothing is published');
    const document = structuredClone(published[role]);
    document.signed.version += 1;
    document.signatures = [];
    const once = await addSignature(document, signerOf(key));
    const twice = { ...once, signatures: [...once.signatures, ...once.signatures] };
    for (const made of [once, twice]) {
      const mirror = await platformTakenOver(role, serialize(made as typeof document));
      await expect(look(mirror)).rejects.toThrow(ReleaseError);
      expect(await trustedVersion('root')).toBe(1);
    }
  });

  it('of the platform cannot release code', async () => {
    const mirror = await platformTakenOver('code', await signedTargets('code', 'code/agent-linux-x64/1.0.0.zst', 'timestamp'));
    await expect(look(mirror)).rejects.toEqual(refused('METADATA_INVALID'));
  });

  it('of content cannot release code under a name of code', async () => {
    const escaped = await signedTargets('content', 'code/agent-linux-x64/1.0.0.zst', 'content');
    expect(await look(await platformTakenOver('content', escaped))).toBeNull();
  });

  it('of content cannot sign the role of code', async () => {
    const asCode = await signedTargets('code', 'code/agent-linux-x64/1.0.0.zst', 'content');
    await expect(look(await platformTakenOver('code', asCode))).rejects.toEqual(refused('METADATA_INVALID'));
  });

  it('of content cannot pass a program off as content', async () => {
    const name = 'content/rules/1.0.0.zst';
    const found = await look(await platformTakenOver('content', await signedTargets('content', name, 'content')), name);
    expect(found).not.toBeNull();
    expect(() => found && readCustom(found)).toThrow(refused('METADATA_INVALID'));
  });
});

const program: TargetCustom = {
  kind: 'program',
  product: 'agent',
  version: '1.0.0',
  platform: 'linux-x64',
  encoding: 'identity',
  unpacked: { sha256: '0'.repeat(64), length: 1 },
  releasedAt: start.toISOString(),
  deltas: [],
};

/** Targets metadata of version 2 with one target, signed by the first key of another role. */
async function signedTargets(role: 'content' | 'code', name: string, by: 'content' | 'timestamp'): Promise<Buffer> {
  const [key] = releases.keys[by];
  if (!key) throw new Error('no key');
  const entry = { ...metaOf(Buffer.from('x'), 1), custom: program };
  const signed = {
    _type: 'targets',
    ...head(role, 2, start),
    targets: { [name]: { length: 1, hashes: entry.hashes, custom: program } },
  };
  return serialize(await addSignature(parseOffline(role, { signed, signatures: [] }), signerOf(key)));
}

/** A mirror of somebody who holds both online keys and puts `bytes` in place of a role's next version. */
async function platformTakenOver(role: 'root' | 'targets' | 'content' | 'code', bytes: Buffer): Promise<string> {
  const published = await readPublished(releases.directory);
  if (!published) throw new Error('nothing is published');
  const { version } = (JSON.parse(bytes.toString()) as { signed: { version: number } }).signed;
  const meta = role === 'root' ? {} : { [`${role}.json`]: metaOf(bytes, version) };
  const signed = {
    ...published.snapshot.signed,
    ...head('snapshot', published.snapshot.signed.version + 1, start),
    meta: { ...published.snapshot.signed.meta, ...meta },
  };
  const mirror = await publishSnapshot(signed, releases.online);
  await writeFile(join(mirror, 'tuf', metadataPath(role, version)), bytes);
  return mirror;
}

describe('what a client keeps', () => {
  it('is a newer timestamp, also when the rest of the refresh fails', async () => {
    await look(releases.directory);
    await releases.releaseProgram(Buffer.from('agent 1'), { product: 'agent', version: '1.0.0' }, start);
    const broken = (path: string, bytes: Uint8Array) => (path.endsWith('snapshot.json') ? Buffer.from('{}') : bytes);
    await expect(look(releases.directory, undefined, broken)).rejects.toThrow(ReleaseError);
    expect([await trustedVersion('timestamp'), await trustedVersion('snapshot')]).toEqual([2, 1]);
  });

  it('is whole: no half-written file and no leftover of a killed refresh', async () => {
    await cp(client, join(client, '.refresh-killed'), { recursive: true, filter: (from) => !from.includes('.refresh-') }).catch(
      () => undefined,
    );
    await look(releases.directory);
    expect((await readdir(client)).toSorted()).toEqual([
      'code.json',
      'root.json',
      'snapshot.json',
      'targets.json',
      'timestamp.json',
    ]);
  });

  it('tells a mirror that cannot be reached from one that lies', async () => {
    await using trusted = await TrustedMetadata.open(client, () => Promise.reject(new Error('connect ECONNREFUSED')));
    await expect(trusted.refresh()).rejects.toEqual(refused('METADATA_UNREACHABLE'));
  });
});
