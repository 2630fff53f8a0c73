import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ProgramTarget } from '../../packages/protocol/src/index.ts';
import { makeDelta, makeTargets, type Program, runtimeBytes } from '../package/make-targets.ts';

export const name = 'release';
export const options = { commits: 'how many commits to the agent the old code lies behind (default 20)' };

const repository = resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

type Figures = Record<string, number | string | null>;

/**
 * What an upgrade costs on the wire: the code whole and as a delta from before the last commits to the agent, and the runtime whole and as
 * deltas from the release of Node before it and the last one of the minor version before that, which npm fetches. One run; it takes two
 * minutes.
 */
export async function run({ commits = 20 }: Readonly<Record<string, number>>): Promise<Figures> {
  const work = await mkdtemp(join(tmpdir(), 'vedette-release-bench-'));
  try {
    const out = join(work, 'targets');
    const common = { architecture, repository: null, deltas: 0, version: null, fast: false, progress: () => {} } as const;
    const built = await makeTargets({ ...common, out, products: ['agent', 'runtime'] });
    const [code, runtime] = built.map(({ bytes, custom }) => ({ bytes, custom: ProgramTarget.parse(custom) }));
    if (!code || !runtime) throw new Error('nothing was built');
    const before = await commitBefore(commits);
    const bytes = await bundleOf(repository, join(work, 'new.mjs'));
    const old = await bundleOf(await checkout(join(work, 'checkout'), before), join(work, 'old.mjs'));
    const delta = await deltaBytes(work, { old, bytes, custom: code.custom });
    return {
      codeBytes: bytes.length,
      codeWholeBytes: code.bytes,
      codeBefore: before.slice(0, 7),
      codeBytesBefore: old.length,
      codeDeltaBytes: delta,
      runtime: runtime.custom.version,
      runtimeBytes: runtime.custom.unpacked.length,
      runtimeWholeBytes: runtime.bytes,
      ...(await runtimeDeltas(work, runtime.custom)),
    };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Null where both are the same. */
async function deltaBytes(
  work: string,
  { old, bytes, custom }: { readonly old: Buffer; readonly bytes: Buffer; readonly custom: ProgramTarget },
): Promise<number | null> {
  const program: Program = { ...custom, unpacked: { sha256: sha256(bytes), length: bytes.length } };
  const from = { ...custom, version: '0.0.0', unpacked: { sha256: sha256(old), length: old.length } };
  const delta = await makeDelta(work, { custom: from, old, bytes, program, out: work });
  return delta?.bytes ?? null;
}

async function runtimeDeltas(work: string, custom: ProgramTarget): Promise<Figures> {
  const bytes = await runtimeBytes(work, architecture);
  const figures: Figures = {};
  for (const [name, version] of Object.entries(await runtimesBefore(custom.version))) {
    await execute('npm', ['pack', '--silent', `${runtimePackage}@${version}`], { cwd: work });
    await execute('tar', ['-xzf', `${runtimePackage}-${version}.tgz`], { cwd: work });
    const old = await runtimeBytes(work, architecture, join(work, 'package'));
    figures[name] = version;
    figures[`${name}DeltaBytes`] = await deltaBytes(work, { old, bytes, custom });
  }
  return figures;
}

/** The release before `version`, and the last one of the minor version before that. */
async function runtimesBefore(
  version: string,
): Promise<{ readonly runtimeBefore: string; readonly runtimeMinorsBefore: string }> {
  const { stdout } = await execute('npm', ['view', runtimePackage, 'versions', '--json'], { maxBuffer: 16 * 1024 * 1024 });
  const earlier = (JSON.parse(stdout) as string[]).filter((each) => /^\d+\.\d+\.\d+$/.test(each) && compare(each, version) < 0); // npm says so
  const [last, ...others] = earlier.toSorted(compare).toReversed();
  const minorBefore = others.find((each) => minorOf(each) !== minorOf(last ?? ''));
  if (!last || !minorBefore) throw new Error(`npm knows no ${runtimePackage} before ${version}`);
  return { runtimeBefore: last, runtimeMinorsBefore: minorBefore };
}

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
const runtimePackage = `node-linux-${architecture}`;
const compare = new Intl.Collator('en', { numeric: true }).compare;
const minorOf = (version: string) => version.split('.', 2).join('.');

/** The commit before the last ones to the agent and what it is made of. */
async function commitBefore(commits: number): Promise<string> {
  const folders = ['apps/agent', 'packages/host', 'packages/collectors', 'packages/protocol'];
  const { stdout } = await execute('git', ['log', `-${commits + 1}`, '--format=%H', '--', ...folders], { cwd: repository });
  const found = stdout.trim().split('\n');
  return found.at(-1) ?? 'HEAD';
}

/** The sources of an earlier commit, with the packages of this checkout. */
async function checkout(directory: string, commit: string): Promise<string> {
  await mkdir(join(directory, 'node_modules/@vedette'), { recursive: true });
  const { stdout: archive } = await execute('git', ['archive', '--format=tar', commit], {
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
