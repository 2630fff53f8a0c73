import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyIdOf, signedBytes, tufKey } from '@vedette/release';
import { afterEach, describe, expect, it } from 'vitest';
import { tufClient } from './tuf-client.ts';

/** A repository as the TUF specification describes it, with every liberty that ours does not take. */
interface Role {
  [field: string]: unknown;
  _type: string;
  version: number;
  expires: string;
}
interface Delegation {
  readonly name: string;
  readonly paths: readonly string[];
  readonly terminating?: boolean;
}
type Answer = { readonly status?: number; readonly body?: Uint8Array; readonly location?: string } | null;

const later = '2040-01-01T00:00:00Z';
const past = '2020-01-01T00:00:00Z';

class Simulator {
  readonly roles = new Map<string, Role>();
  readonly keys = new Map<string, KeyObject>();
  readonly files = new Map<string, Uint8Array>();
  readonly asked: string[] = [];
  consistent = true;
  /** What the mirror does instead of answering truly. */
  lie: (path: string) => Answer | undefined = () => undefined;
  readonly #server: Server;
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
      this.keys.set(role, generateKeyPairSync('ed25519').privateKey);
      this.roles.set(role, { _type: role, spec_version: '1.0.33', version: 1, expires: later });
    }
    this.role('targets')['targets'] = {};
    this.#server = createServer((request, response) => {
      const path = (request.url ?? '').slice(1);
      this.asked.push(path);
      const { status = 200, body, location } = this.lie(path) ?? this.#answer(path) ?? { status: 404 };
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
  }

  static async start(): Promise<Simulator> {
    const simulator = new Simulator(await mkdtemp(join(tmpdir(), 'vedette-tuf-')));
    await new Promise<void>((listening) => simulator.#server.listen(0, '127.0.0.1', listening));
    return simulator;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
    await rm(this.directory, { recursive: true });
  }

  role(name: string): Role {
    const found = this.roles.get(name);
    if (!found) throw new Error(`no role ${name}`);
    return found;
  }
  /** Adds a delegated role, and the delegation to it. */
  delegate(from: string, { name, paths, terminating = false }: Delegation): void {
    if (!this.roles.has(name)) {
      this.keys.set(name, generateKeyPairSync('ed25519').privateKey);
      this.roles.set(name, { _type: 'targets', spec_version: '1.0.33', version: 1, expires: later, targets: {} });
    }
    const { keys, roles } = (this.role(from)['delegations'] ??= { keys: {}, roles: [] }) as {
      keys: Record<string, unknown>;
      roles: unknown[];
    };
    Object.assign(keys, this.#keyTable(name));
    roles.push({ name, paths, terminating, threshold: 1, keyids: Object.keys(this.#keyTable(name)) });
  }
  /** Bins by hash (TAP 15): every one with the same key. */
  delegateToBins(bits: number): void {
    this.keys.set('bin', generateKeyPairSync('ed25519').privateKey);
    const keyids = Object.keys(this.#keyTable('bin'));
    const succinct = { keyids, threshold: 1, bit_length: bits, name_prefix: 'bin' };
    this.role('targets')['delegations'] = { keys: this.#keyTable('bin'), succinct_roles: succinct };
    for (let bin = 0; bin < 2 ** bits; bin++) {
      const name = `bin-${bin.toString(16).padStart(Math.ceil(bits / 4), '0')}`;
      this.roles.set(name, { _type: 'targets', spec_version: '1.0.33', version: 1, expires: later, targets: {} });
    }
  }
  add(role: string, name: string, content: string): void {
    const hashes = { sha256: createHash('sha256').update(content).digest('hex') };
    (this.role(role)['targets'] as Record<string, unknown>)[name] = { length: content.length, hashes };
    this.files.set(name, Buffer.from(content));
  }
  metadata(name: string): Buffer {
    const signed = this.role(name);
    if (name === 'root') this.#fillRoot(signed);
    if (name === 'timestamp') signed['meta'] = { 'snapshot.json': { version: this.role('snapshot').version } };
    if (name === 'snapshot') {
      const targets = [...this.roles].filter(([, role]) => role._type === 'targets');
      signed['meta'] = Object.fromEntries(targets.map(([role, { version }]) => [`${role}.json`, { version }]));
    }
    const key = this.keys.get(name) ?? this.keys.get('bin');
    if (!key) throw new Error(`no key of ${name}`);
    const [keyid = ''] = Object.keys(this.#keyTable(this.keys.has(name) ? name : 'bin'));
    const sig = sign(null, signedBytes(signed), key).toString('hex');
    return Buffer.from(JSON.stringify({ signatures: [{ keyid, sig }], signed }));
  }

  #fillRoot(root: Role): void {
    const names = ['root', 'timestamp', 'snapshot', 'targets'];
    root['consistent_snapshot'] = this.consistent;
    root['keys'] = Object.assign({}, ...names.map((name) => this.#keyTable(name)));
    root['roles'] ??= Object.fromEntries(
      names.map((name) => [name, { keyids: Object.keys(this.#keyTable(name)), threshold: 1 }]),
    );
  }
  #keyTable(name: string): Record<string, unknown> {
    const { x = '' } = this.keys.get(name)?.export({ format: 'jwk' }) ?? {};
    const hex = Buffer.from(x, 'base64url').toString('hex');
    return { [keyIdOf(hex)]: tufKey(hex) };
  }
  #answer(path: string): Answer {
    const metadata = /^metadata\/(?:(\d+)\.)?(.+)\.json$/.exec(path);
    if (metadata) {
      const name = decodeURIComponent(metadata[2] ?? '');
      const version = metadata[1];
      if (!this.roles.has(name) || (version !== undefined && Number(version) !== this.role(name).version)) return null;
      const isVersioned = name === 'root' || (this.consistent && name !== 'timestamp');
      return isVersioned === (version !== undefined) ? { body: this.metadata(name) } : null;
    }
    const asked = path.slice('targets/'.length).split('/').map(decodeURIComponent).join('/');
    for (const [name, body] of this.files) {
      const slash = name.lastIndexOf('/') + 1;
      const hash = createHash('sha256').update(body).digest('hex');
      if (asked === (this.consistent ? `${name.slice(0, slash)}${hash}.${name.slice(slash)}` : name)) return { body };
    }
    return null;
  }
}

const simulators: Simulator[] = [];
afterEach(async () => {
  for (const simulator of simulators.splice(0)) await simulator.stop();
});

interface Client {
  readonly simulator: Simulator;
  readonly run: (...words: string[]) => Promise<{ code: number; message: string }>;
  readonly refresh: () => Promise<number>;
  readonly download: (name: string) => Promise<number>;
  readonly trusted: () => Promise<string[]>;
  readonly downloaded: () => Promise<string[]>;
}

/** The tool with trust in the repository as it is now. */
async function client(): Promise<Client> {
  const simulator = await Simulator.start();
  simulators.push(simulator);
  const [metadata, targets, root] = ['metadata', 'targets', 'initial.json'].map((name) => join(simulator.directory, name)) as [
    string,
    string,
    string,
  ];
  const run = async (...words: string[]): Promise<{ code: number; message: string }> => {
    let message = '';
    const code = await tufClient(['--metadata-dir', metadata, ...words], (text) => (message += text));
    return { code, message };
  };
  const from = ['--metadata-url', `${simulator.url}/metadata`];
  await writeFile(root, simulator.metadata('root'));
  expect(await run('init', root)).toEqual({ code: 0, message: '' });
  const to = ['--target-base-url', `${simulator.url}/targets`, '--target-dir', targets];
  const files = async (): Promise<string[]> => readdir(targets).catch((): string[] => []);
  return {
    simulator,
    run,
    refresh: async () => (await run(...from, 'refresh')).code,
    download: async (name) => (await run(...from, '--target-name', name, ...to, 'download')).code,
    trusted: async () => (await readdir(metadata)).toSorted(),
    downloaded: async () => Promise.all((await files()).map((name) => readFile(join(targets, name), 'utf8'))),
  };
}

describe('tuf-client', () => {
  it('initialises without asking anybody, refreshes, downloads, and does not download again what it has', async () => {
    const { simulator, refresh, download, trusted, downloaded } = await client();
    expect(simulator.asked).toEqual([]);
    simulator.add('targets', 'path/to/a file.txt', 'content');
    expect(await refresh()).toBe(0);
    expect(simulator.asked).toEqual(
      ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json'].map((name) => `metadata/${name}`),
    );
    expect(await trusted()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
    expect([await download('path/to/a file.txt'), await downloaded()]).toEqual([0, ['content']]);
    const before = simulator.asked.filter((path) => path.startsWith('targets/')).length;
    expect([await download('path/to/a file.txt'), before]).toEqual([0, 1]);
    expect(simulator.asked.filter((path) => path.startsWith('targets/'))).toHaveLength(1);
    expect(await download('nothing')).toBe(1);
  });

  it('reads a repository without consistent snapshots', async () => {
    const { simulator, download, downloaded, run } = await client();
    simulator.consistent = false;
    simulator.role('root').version = 1;
    simulator.add('targets', 'a', 'content');
    await writeFile(join(simulator.directory, 'initial.json'), simulator.metadata('root'));
    await run('init', join(simulator.directory, 'initial.json'));
    expect([await download('a'), await downloaded()]).toEqual([0, ['content']]);
    expect(simulator.asked).toContain('metadata/snapshot.json');
  });

  it.each([
    [
      'in the order of their delegations, depth first',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C'],
        ['A', 'D'],
      ],
      ['A', 'C', 'D', 'B'],
    ],
    [
      'no further than a terminating one',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', 'terminating'],
        ['A', 'D'],
      ],
      ['A', 'C'],
    ],
    [
      'once, also in a circle',
      [
        ['targets', 'A'],
        ['A', 'B'],
        ['B', 'A'],
      ],
      ['A', 'B'],
    ],
  ] as const)('visits delegated roles %s', async (_what, graph, order) => {
    const { simulator, download } = await client();
    for (const [from, name, terminating] of graph)
      simulator.delegate(from, { name, paths: ['*'], terminating: terminating !== undefined });
    expect(await download('missing')).toBe(1);
    expect(simulator.asked.slice(4)).toEqual(order.map((name) => `metadata/1.${name}.json`));
  });

  it('takes a target only from a role that all of the chain lets speak of it', async () => {
    const { simulator, download, downloaded } = await client();
    simulator.delegate('targets', { name: 'B', paths: ['releases/*/*'] });
    simulator.delegate('B', { name: 'D', paths: ['releases/y/*.zip'] });
    simulator.add('D', 'releases/y/1.zip', 'by D');
    simulator.add('D', 'releases/z/1.zip', 'stolen');
    expect([await download('releases/z/1.zip'), await download('releases/y/1.zip')]).toEqual([1, 0]);
    expect(await downloaded()).toEqual(['by D']);
  });

  it('finds a target in its hash bin', async () => {
    const { simulator, download, downloaded } = await client();
    simulator.delegateToBins(2);
    // The first two bits of the name's SHA-256.
    const bin = (createHash('sha256').update('a').digest()[0] ?? 0) >> 6;
    simulator.add(`bin-${bin}`, 'a', 'binned');
    expect([await download('a'), await downloaded()]).toEqual([0, ['binned']]);
  });

  it('asks for roles and keeps them under escaped names', async () => {
    const { simulator, download, trusted } = await client();
    const names = ['?', '#', '/delegatedrole', '../delegatedrole'];
    for (const name of names) simulator.delegate('targets', { name, paths: ['*'] });
    expect(await download('missing')).toBe(1);
    expect(simulator.asked.slice(4)).toEqual(names.map((name) => `metadata/1.${encodeURIComponent(name)}.json`));
    expect(await trusted()).toHaveLength(4 + names.length);
    expect((await readdir(simulator.directory)).toSorted()).toEqual(['initial.json', 'metadata']);
  });

  it.each(['../../escape', '..', '.', `long/${'x'.repeat(250)}`])('keeps the target %.20s within its directory', async (name) => {
    const { simulator, download, downloaded } = await client();
    simulator.add('targets', name, 'content');
    // An address with dot segments is another address: such a target cannot be fetched, or is kept where it belongs.
    const code = await download(name);
    expect([[0, 1], await downloaded()]).toEqual([expect.arrayContaining([code]), code === 0 ? ['content'] : []]);
    const around = await readdir(simulator.directory);
    expect(around.filter((one) => !['initial.json', 'metadata', 'targets'].includes(one))).toEqual([]);
  });

  it.each(['root', 'timestamp', 'snapshot', 'targets'])('refuses an expired %s', async (role) => {
    const { simulator, refresh, run } = await client();
    simulator.role(role).expires = past;
    if (role === 'root') {
      await writeFile(join(simulator.directory, 'initial.json'), simulator.metadata('root'));
      await run('init', join(simulator.directory, 'initial.json'));
    }
    expect(await refresh()).toBe(1);
  });

  it('refuses a new root that the old keys did not sign, and keeps the old one', async () => {
    const { simulator, refresh } = await client();
    expect(await refresh()).toBe(0);
    const root = simulator.role('root');
    simulator.keys.set('root', generateKeyPairSync('ed25519').privateKey);
    root.version = 2;
    delete root['roles'];
    expect(await refresh()).toBe(1);
    const kept = JSON.parse(await readFile(join(simulator.directory, 'metadata/root.json'), 'utf8')) as { signed: Role };
    expect(kept.signed.version).toBe(1);
  });

  it.each([
    ['older', (simulator: Simulator) => (simulator.role('timestamp').version = 1)],
    [
      'about an older snapshot',
      (simulator: Simulator) => ((simulator.role('timestamp').version = 3), (simulator.role('snapshot').version = 1)),
    ],
    [
      'of a snapshot with an older role',
      (simulator: Simulator) => {
        simulator.role('timestamp').version = 3;
        simulator.role('snapshot').version = 3;
        simulator.role('targets').version = 1;
      },
    ],
  ])('refuses a timestamp that is %s', async (_what, roll) => {
    const { simulator, refresh } = await client();
    for (const role of ['timestamp', 'snapshot', 'targets']) simulator.role(role).version = 2;
    expect(await refresh()).toBe(0);
    roll(simulator);
    expect(await refresh()).toBe(1);
  });

  it.each([
    ['other bytes of the same length', { body: Buffer.from('malware') }],
    ['too many bytes', { body: Buffer.alloc(10_000_000, 'content') }],
    ['too few bytes', { body: Buffer.from('cont') }],
    ['an error', { status: 500 }],
    ['a redirect to elsewhere', { status: 302, location: '/targets/other' }],
    ['a captive portal', { body: Buffer.from('<html>Please log in</html>') }],
  ])('does not keep a target for which a mirror sends %s', async (_what, answer) => {
    const { simulator, download, downloaded } = await client();
    simulator.add('targets', 'a', 'content');
    simulator.lie = (path) => (path.startsWith('targets/') ? answer : undefined);
    expect([await download('a'), await downloaded()]).toEqual([1, []]);
  });

  it.each([
    ['a captive portal', { body: Buffer.from('<html>Please log in</html>') }],
    ['endless metadata', { body: Buffer.alloc(20_000, ' ') }],
    ['an error', { status: 503 }],
    ['a redirect', { status: 301, location: 'http://127.0.0.1:1/' }],
  ])('refuses %s for a timestamp', async (_what, answer) => {
    const { simulator, refresh } = await client();
    simulator.lie = (path) => (path.endsWith('timestamp.json') ? answer : undefined);
    expect(await refresh()).toBe(1);
  });

  it('is a program with exit codes, as a conformance suite runs it', async () => {
    const { simulator } = await client();
    const program = (...words: string[]) =>
      new Promise<{ code: number; message: string }>((done) => {
        execFile(join(import.meta.dirname, 'tuf-client'), words, (error, _out, message) =>
          done({ code: error ? Number(error.code) : 0, message }),
        );
      });
    const metadata = ['--metadata-dir', join(simulator.directory, 'metadata'), '--metadata-url', `${simulator.url}/metadata`];
    expect(await program(...metadata, 'refresh')).toEqual({ code: 0, message: '' });
    expect(await program('frobnicate')).toEqual({ code: 1, message: expect.stringContaining('Usage') as string });
  });
});
