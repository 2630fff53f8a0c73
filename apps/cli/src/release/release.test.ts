import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { createSigningKey, type RoleName, sealKey } from '@vedette/release';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCommands } from '../commands/index.ts';
import { CliError } from '../errors.ts';
import { runProgram } from '../testing/run-program.ts';

const commands = await allCommands();

let folder: string;
const passphrase = 'correct horse battery';
const keyNames = [
  'root-a',
  'root-b',
  'root-c',
  'targets-a',
  'targets-b',
  'targets-c',
  'content-a',
  'code-a',
  'snapshot-a',
  'timestamp-a',
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vedette-ceremony-'));
  for (const name of keyNames) await cheapKey(name);
});
afterAll(() => rm(folder, { recursive: true }));

/** A key file as the command writes it, but cheap to open: tests open hundreds. */
async function cheapKey(name: string): Promise<void> {
  const key = createSigningKey(name.slice(0, name.indexOf('-')) as RoleName); // the names above begin with roles
  await writeFile(at(`${name}.key`), await sealKey(key, passphrase, { memoryKiB: 19_456, passes: 1, lanes: 1 }));
  await writeFile(at(`${name}.key.pub`), JSON.stringify(key.file));
}

const at = (name: string): string => join(folder, name);
const keys = (...names: string[]): string => names.map((name) => at(`${name}.key`)).join(',');
const publics = (...names: string[]): string => names.map((name) => at(`${name}.key.pub`)).join(',');
const everyPublic = (): string => publics(...keyNames);

/** Runs `vedette release …` and returns what it printed with --json. Throws what the command throws. */
async function release(...words: string[]): Promise<unknown> {
  return releaseWith({ VEDETTE_KEY_PASSPHRASE: passphrase }, words);
}
async function releaseWith(environment: Record<string, string>, words: readonly string[]): Promise<unknown> {
  const { printed } = await runProgram(commands, ['release', ...words, '--json'], {
    environment,
    askSecret: () => Promise.reject(new CliError('AUTH', 'no terminal')),
  });
  return JSON.parse(printed);
}

const refused = (code: CliError['code'], message: string) =>
  expect.objectContaining({ name: 'CliError', code, message: expect.stringContaining(message) as string });
const repository = () => at('repository');
const publishing = () => [
  'publish',
  repository(),
  '--snapshot-key',
  at('snapshot-a.key'),
  '--timestamp-key',
  at('timestamp-a.key'),
];

describe('release key create', () => {
  it('writes a file that only its owner reads, and that a passphrase seals', async () => {
    await release('key', 'create', at('created.key'), '--role', 'root');
    expect((await stat(at('created.key'))).mode & 0o777).toBe(0o600);
    const text = await readFile(at('created.key'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      kdf: { name: 'argon2id' },
      cipher: { name: 'aes-256-gcm' },
      public: { role: 'root' },
    });
  });
  it.each([
    ['over another key', ['key', 'create', 'root-a.key', '--role', 'root'], 'FAILURE', 'never overwritten'],
    ['for an unknown role', ['key', 'create', 'x.key', '--role', 'king'], 'USAGE', '--role is one of'],
    ['without a role', ['key', 'create', 'x.key'], 'USAGE', '--role is missing'],
  ] as const)('is refused %s', async (_what, [key, create, file, ...rest], code, message) => {
    await expect(release(key, create, at(file), ...rest)).rejects.toEqual(refused(code, message));
  });
  it('is refused with a short passphrase, and without any', async () => {
    const words = ['key', 'create', at('x.key'), '--role', 'root'];
    await expect(releaseWith({ VEDETTE_KEY_PASSPHRASE: 'short' }, words)).rejects.toEqual(refused('SIGNATURES', 'at least 12'));
    await expect(releaseWith({}, words)).rejects.toEqual(refused('SIGNATURES', 'no passphrase'));
  });
  it('creates nothing in a dry run', async () => {
    await release('key', 'create', at('dry.key'), '--role', 'root', '--dry-run');
    expect(await readdir(folder)).not.toContain('dry.key');
  });
});

describe('a ceremony', () => {
  it('begins with too few keys: refused', async () => {
    const few = publics('root-a', 'targets-a', 'targets-b', 'content-a', 'code-a', 'snapshot-a', 'timestamp-a');
    await expect(release('init', repository(), '--keys', few)).rejects.toEqual(refused('SIGNATURES', 'root has 1 keys'));
  });
  it('begins with one key for two seats: refused', async () => {
    const twice = `${everyPublic()},${publics('root-a')}`;
    await expect(release('init', repository(), '--keys', twice)).rejects.toEqual(refused('SIGNATURES', 'is used twice'));
  });
  it('begins dry: nothing is written', async () => {
    expect(await release('init', repository(), '--keys', everyPublic(), '--dry-run')).toMatchObject({ isReady: false });
    expect(await readdir(folder)).not.toContain('repository');
  });
  it('collects signatures in any order, and tells which are missing', async () => {
    await release('init', repository(), '--keys', everyPublic());
    await release('sign', repository(), '--key', keys('targets-b', 'root-c', 'content-a', 'code-a'));
    await expect(release(...publishing())).rejects.toEqual(refused('SIGNATURES', 'root has 1 of 2 signatures'));
    const before = (await release('status', repository())) as { staged: object[]; isReady: boolean };
    expect(before).toMatchObject({ published: null, isReady: false });
    expect(before.staged).toContainEqual(expect.objectContaining({ role: 'targets', have: 1, threshold: 2 }));
    await release('sign', repository(), '--key', keys('root-a', 'targets-c'));
    expect(await release('status', repository())).toMatchObject({ isReady: true });
  });
  it('refuses a key that nothing wants, a wrong passphrase, and a missing file', async () => {
    await expect(release('sign', repository(), '--key', keys('snapshot-a'))).rejects.toEqual(
      refused('SIGNATURES', 'nothing staged wants'),
    );
    const sign = ['sign', repository(), '--key', keys('root-b')];
    await expect(releaseWith({ VEDETTE_KEY_PASSPHRASE: 'wrong wrong wrong' }, sign)).rejects.toEqual(
      refused('SIGNATURES', 'wrong passphrase'),
    );
    await expect(release('sign', repository(), '--key', at('none.key'))).rejects.toEqual(refused('SIGNATURES', 'cannot be read'));
  });
  it('publishes dry first, then truly', async () => {
    await release(...publishing(), '--dry-run');
    expect(await release('status', repository())).toMatchObject({ published: null });
    await release(...publishing());
    expect(await release('status', repository())).toMatchObject({
      published: { root: { version: 1 }, timestamp: { version: 1 } },
      staged: [],
    });
  });
});

describe('a release', () => {
  const program = async (version: string, content: string): Promise<string> => {
    const built = await mkdtemp(join(folder, 'built-'));
    const bytes = zstdCompressSync(content);
    await writeFile(join(built, 'agent.zst'), bytes);
    const unpacked = { sha256: createHash('sha256').update(content).digest('hex'), length: content.length };
    const custom = {
      kind: 'program',
      product: 'agent',
      version,
      platform: 'linux-x64',
      encoding: 'zstd',
      unpacked,
      releasedAt: '2026-11-22T00:00:00Z',
    };
    await writeFile(
      join(built, 'targets.json'),
      JSON.stringify({ format: 'vedette-built-targets-1', targets: [{ file: 'agent.zst', custom }] }),
    );
    return built;
  };
  const publish = async (...signers: string[]): Promise<void> => {
    await release('sign', repository(), '--key', keys(...signers));
    await release(...publishing());
  };
  const targetNames = async (from = repository()): Promise<string[]> =>
    ((await release('verify', from)) as { targets: { name: string }[] }).targets.map(({ name }) => name).toSorted();

  it('is added, signed by the code key alone, published and verified', async () => {
    await release('add', repository(), await program('1.0.0', 'agent one'));
    await publish('code-a');
    expect(await targetNames()).toEqual(['code/agent-linux-x64/1.0.0.zst']);
  });
  it('of the same version with other bytes is refused', async () => {
    await expect(release('add', repository(), await program('1.0.0', 'agent two'))).rejects.toEqual(
      refused('FAILURE', 'needs a new version'),
    );
  });
  it('of content and origins is signed by the content key', async () => {
    await writeFile(at('rules.json'), '[]');
    const origins = {
      format: 'vedette-origins-1',
      defaultRegion: 'emea',
      regions: [{ name: 'emea', title: 'EMEA', origins: ['https://cdn.example/'] }],
    };
    await writeFile(at('origins.json'), JSON.stringify(origins));
    await release('content', repository(), 'rules', '7', at('rules.json'));
    await release('origins', repository(), at('origins.json'));
    await publish('content-a');
    expect(await targetNames()).toEqual([
      'code/agent-linux-x64/1.0.0.zst',
      'content/platform/origins.json',
      'content/rules/7.zst',
    ]);
  });
  it.each([
    ['an address with a password', { origins: ['https://a:b@cdn.example/'] }],
    ['an address that is no folder', { origins: ['https://cdn.example/x'] }],
    ['another scheme', { origins: ['ftp://cdn.example/'] }],
    ['seventeen origins', { origins: Array.from({ length: 17 }, (_, index) => `https://cdn${index}.example/`) }],
    ['no name', { name: '' }],
  ])('of origins with %s is refused', async (_what, wrong) => {
    const region = { name: 'emea', title: 'EMEA', origins: [], ...wrong };
    await writeFile(at('wrong.json'), JSON.stringify({ format: 'vedette-origins-1', defaultRegion: 'emea', regions: [region] }));
    await expect(release('origins', repository(), at('wrong.json'))).rejects.toEqual(refused('USAGE', 'wrong.json'));
  });
  it('is mirrored whole, and an altered mirror does not verify', async () => {
    const mirror = at('mirror');
    await release('mirror', repository(), mirror);
    expect(await targetNames(mirror)).toHaveLength(3);
    const [file = ''] = await readdir(join(mirror, 'targets/code/agent-linux-x64'));
    const path = join(mirror, 'targets/code/agent-linux-x64', file);
    const bytes = await readFile(path);
    bytes[10]! ^= 1; // a program is longer than that
    await writeFile(path, bytes);
    await expect(release('verify', mirror)).rejects.toEqual(refused('FAILURE', 'sha256'));
    await release('mirror', repository(), mirror);
    expect(await targetNames(mirror)).toHaveLength(3);
  });
  it('is revoked: no client finds it, and a mirror drops its bytes', async () => {
    await expect(release('revoke', repository(), '9.9.9', '--reason', 'x')).rejects.toEqual(
      refused('NOT_FOUND', 'nothing of agent 9.9.9'),
    );
    await release('revoke', repository(), '1.0.0', '--reason', 'loses events');
    await publish('code-a');
    expect(await targetNames()).not.toContain('code/agent-linux-x64/1.0.0.zst');
    await release('mirror', repository(), at('mirror'));
    expect(await readdir(join(at('mirror'), 'targets/code/agent-linux-x64'))).toEqual([]);
  });
});

describe('key rotation', () => {
  const publish = () => release(...publishing());
  it('of root needs the old keys and the new ones', async () => {
    await cheapKey('root-d');
    const idOf = async (name: string) => (JSON.parse(await readFile(at(`${name}.key.pub`), 'utf8')) as { keyId: string }).keyId;
    await release('root', 'rotate', repository(), '--add', publics('root-d'), '--remove', (await idOf('root-c')).slice(0, 12));
    await release('sign', repository(), '--key', keys('root-c', 'root-d'));
    await expect(publish()).rejects.toEqual(refused('SIGNATURES', 'root'));
    await release('sign', repository(), '--key', keys('root-a'));
    await publish();
    expect(await release('status', repository())).toMatchObject({ published: { root: { version: 2 } } });
    await release('verify', repository());
  });
  it('of code is signed by targets, and shuts the old key out', async () => {
    await cheapKey('code-b');
    const { keyId } = JSON.parse(await readFile(at('code-a.key.pub'), 'utf8')) as { keyId: string };
    await release('root', 'rotate', repository(), '--role', 'code', '--add', publics('code-b'), '--remove', keyId);
    await release('sign', repository(), '--key', keys('targets-a', 'targets-b'));
    await expect(publish()).rejects.toEqual(refused('SIGNATURES', 'code has 0 of 1'));
    await release('renew', repository(), 'code');
    await expect(release('sign', repository(), '--key', keys('code-a'))).rejects.toEqual(
      refused('SIGNATURES', 'nothing staged wants'),
    );
    await release('sign', repository(), '--key', keys('code-b'));
    await publish();
    await release('verify', repository());
  });
  it('refuses a key of another role, one that is used already, and too few', async () => {
    const rotate = (...words: string[]) => release('root', 'rotate', repository(), ...words);
    await expect(rotate('--add', publics('content-a'))).rejects.toEqual(refused('SIGNATURES', 'is used twice'));
    await expect(rotate('--role', 'targets', '--add', publics('root-c'))).rejects.toEqual(
      refused('SIGNATURES', 'was made for root'),
    );
    await expect(rotate('--threshold', '4')).rejects.toEqual(refused('SIGNATURES', 'fewer than its threshold'));
    await expect(rotate('--remove', 'abc')).rejects.toEqual(refused('SIGNATURES', 'names no single key'));
  });
});
