import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeDelta, makeTargets, type Program } from '../package/make-targets.ts';

export const name = 'release';
export const options = { commits: 'how many commits the old code lies behind (default 20)' };

const repository = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** What an upgrade costs on the wire: the code whole and as a delta from an earlier commit, and the runtime. One run; it takes two minutes. */
export async function run({ commits = 20 }: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const work = await mkdtemp(join(tmpdir(), 'vedette-release-bench-'));
  try {
    const out = join(work, 'targets');
    const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
    const common = { architecture, repository: null, deltas: 0, version: null, fast: false, progress: () => {} } as const;
    const built = await makeTargets({ ...common, out, products: ['agent', 'runtime'] });
    const [code, runtime] = built;
    if (code?.custom.kind !== 'program' || runtime?.custom.kind !== 'program') throw new Error('nothing was built');
    const bytes = await bundleOf(repository, join(work, 'new.mjs'));
    const old = await bundleOf(await checkout(join(work, 'old'), commits), join(work, 'old.mjs'));
    const program: Program = { ...code.custom, unpacked: { sha256: sha256(bytes), length: bytes.length } };
    const custom = { ...code.custom, version: '0.0.0', unpacked: { sha256: sha256(old), length: old.length } };
    const delta = await makeDelta(work, { custom, old, bytes, program, out });
    return {
      codeBytes: bytes.length,
      codeWholeBytes: code.bytes,
      commitsBetween: commits,
      codeDeltaBytes: delta?.bytes ?? 0,
      runtimeBytes: runtime.custom.unpacked.length,
      runtimeWholeBytes: runtime.bytes,
    };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The sources of an earlier commit, with the packages of this checkout. */
async function checkout(directory: string, commits: number): Promise<string> {
  await mkdir(join(directory, 'node_modules/@vedette'), { recursive: true });
  const { stdout: archive } = await execute('git', ['archive', '--format=tar', `HEAD~${commits}`], {
    cwd: repository,
    encoding: 'buffer',
    maxBuffer: 512 * 1024 * 1024,
  });
  const tar = execute('tar', ['-x', '-C', directory]);
  tar.child.stdin?.end(archive);
  await tar;
  for (const entry of await readdir(join(repository, 'node_modules'))) {
    if (entry !== '@vedette') await symlink(join(repository, 'node_modules', entry), join(directory, 'node_modules', entry));
  }
  for (const folder of ['apps', 'packages']) {
    for (const room of await readdir(join(directory, folder))) {
      await symlink(join(directory, folder, room), join(directory, 'node_modules/@vedette', room));
    }
  }
  return directory;
}

/** By a process of its own: each checkout has its own builder. */
async function bundleOf(directory: string, file: string): Promise<Buffer> {
  const code = `import { buildAgent } from ${JSON.stringify(join(directory, 'tools/build-agent.ts'))}; await buildAgent(${JSON.stringify(file)});`;
  await execute(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], { cwd: directory });
  return readFile(file);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
