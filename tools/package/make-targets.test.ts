import { execFile, execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { nameOf, TrustedMetadata, unpackTarget } from '@vedette/release';
import { TestReleases } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TargetCustom } from '../../packages/protocol/src/index.ts';

const repository = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vedette-built-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Built {
  readonly targets: readonly { readonly file: string; readonly bytes: number; readonly custom: TargetCustom }[];
}

/** Builds the code bundle as a person does; `epoch` stands for the date of the commit. */
async function build(out: string, more: readonly string[] = [], from = repository): Promise<Built['targets']> {
  const args = [
    '--no-warnings',
    'tools/package/main.ts',
    '--targets',
    '--products',
    'agent',
    '--json',
    '--out',
    join(folder, out),
    ...more,
  ];
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1767225600' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: from, env });
  return (JSON.parse(stdout) as Built).targets;
}

async function filesOf(out: string): Promise<Map<string, string>> {
  const names = await readdir(join(folder, out));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, out, name), 'base64')] as const)),
  );
}

/** The sources in another place, as another clone has them. */
async function otherCheckout(): Promise<string> {
  const other = join(folder, 'elsewhere', 'clone');
  await mkdir(join(other, 'node_modules'), { recursive: true });
  const unwanted = /\/(node_modules|\.types|dist)$/;
  for (const part of ['apps', 'packages', 'tools', 'deploy', 'package.json', 'tsconfig.base.json']) {
    await cp(join(repository, part), join(other, part), { recursive: true, filter: (path) => !unwanted.test(path) });
  }
  for (const name of await readdir(join(repository, 'node_modules'))) {
    if (name !== '@vedette') await symlink(join(repository, 'node_modules', name), join(other, 'node_modules', name));
  }
  await mkdir(join(other, 'node_modules/@vedette'));
  for (const name of await readdir(join(other, 'packages')))
    await symlink(join(other, 'packages', name), join(other, 'node_modules/@vedette', name));
  for (const name of await readdir(join(other, 'apps')))
    await symlink(join(other, 'apps', name), join(other, 'node_modules/@vedette', name));
  return other;
}

const hasZstd = (() => {
  try {
    return execFileSync('zstd', ['--version']).length > 0;
  } catch {
    return false;
  }
})();

it('two clean builds of the same sources, in two places, give identical bytes', async () => {
  const [first] = await build('first');
  await build('second', [], await otherCheckout());
  expect(await filesOf('second')).toEqual(await filesOf('first'));
  expect(first?.custom).toMatchObject({ kind: 'program', product: 'agent', platform: `linux-${process.arch}`, deltas: [] });
  // The promise: a code-only upgrade takes at most 1 MB whole.
  expect(first?.bytes).toBeLessThan(1_000_000);
}, 60_000);

it.skipIf(!hasZstd)(
  'a code-only upgrade is a delta of at most 150 kB, which unpacks to the very file',
  async () => {
    await using releases = await TestReleases.create();
    const [old] = await build('old', ['--as', '0.0.1']);
    if (!old) throw new Error('nothing was built');
    await releases.stage([{ name: nameOf(old.custom), file: join(folder, 'old', old.file), custom: old.custom }]);
    await releases.publish();

    const built = await build('new', ['--as', '0.0.2', '--deltas-from', releases.directory]);
    const [whole, delta] = built;
    if (whole?.custom.kind !== 'program' || delta?.custom.kind !== 'delta') throw new Error('no delta was built');
    expect(delta.bytes).toBeLessThan(150_000);
    expect(whole.custom.deltas).toEqual([
      { target: nameOf(delta.custom), fromSha256: old.custom.unpacked.sha256, length: delta.bytes },
    ]);

    await releases.stage(built.map(({ file, custom }) => ({ name: nameOf(custom), file: join(folder, 'new', file), custom })));
    await releases.publish();
    const client = join(folder, 'client');
    await cp(join(releases.directory, 'tuf/1.root.json'), join(client, 'root.json'));
    await using trusted = await TrustedMetadata.open(client, (path) =>
      readFile(join(releases.directory, 'tuf', path)).catch(() => null),
    );
    const found = await trusted.find(nameOf(delta.custom));
    expect(found?.length).toBe(delta.bytes);

    const oldFile = await unpack(join(folder, 'old', old.file), old.custom);
    const newFile = await unpack(join(releases.directory, 'targets', found?.path ?? ''), delta.custom, oldFile);
    expect(newFile.equals(await unpack(join(folder, 'new', whole.file), whole.custom))).toBe(true);
    await expect(
      unpack(join(folder, 'new', delta.file), delta.custom, Buffer.concat([oldFile, Buffer.from('x')])),
    ).rejects.toMatchObject({
      name: 'ReleaseError',
    });
  },
  60_000,
);

async function unpack(file: string, custom: TargetCustom, old?: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const output = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()) });
  await unpackTarget(createReadStream(file), output, { custom, ...(old ? { old } : {}) });
  return Buffer.concat(chunks);
}
