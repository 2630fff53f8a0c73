import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { constants, zstdCompressSync } from 'node:zlib';
import { agentVersion } from '../../apps/agent/src/config.ts';
import { DeltaTarget, type Product, ProgramTarget, type TargetCustom } from '../../packages/protocol/src/index.ts';
import { nameOf, readPublished, targetFile, unpackTarget, wholeWindowLog } from '../../packages/release/src/index.ts';
import { buildAgent } from '../build-agent.ts';
import type { Architecture } from './architecture.ts';
import { sourceDate } from './make-packages.ts';
import { PackageError } from './package-error.ts';
import { runTool } from './run-tool.ts';
import { runtimeFolder, stageRuntime } from './stage.ts';

export interface TargetsRequest {
  /** A directory, which is made. */
  readonly out: string;
  readonly architecture: Architecture;
  readonly products: readonly Product[];
  /** Repository whose releases get a delta to the new ones; null: none. */
  readonly repository: string | null;
  /** How many of its newest releases. */
  readonly deltas: number;
  /** Version that the agent says it is, for trying out upgrades; null: the one of the source. */
  readonly version: string | null;
  readonly fast: boolean;
  readonly progress: (text: string) => void;
}

export interface BuiltTarget {
  readonly file: string;
  readonly bytes: number;
  readonly custom: TargetCustom;
}

/** A delta that saves less than this is not worth its memory on the agent. */
const worthwhile = 0.7;
/** Above it zstd's highest levels take minutes and gigabytes. */
const largeBytes = 16 * 1024 * 1024;

/**
 * Builds the two things an agent consists of as targets of a release, with deltas from earlier ones, and `targets.json`, which
 * `vedette release add` reads. The same commit gives the same bytes. Throws PackageError.
 */
export async function makeTargets(request: TargetsRequest): Promise<BuiltTarget[]> {
  const { out, architecture, products, progress } = request;
  const work = await mkdtemp(join(tmpdir(), 'vedette-targets-'));
  try {
    await mkdir(out, { recursive: true });
    const releasedAt = new Date((await sourceDate()) * 1000).toISOString();
    const runtime = await runtimeVersion(architecture);
    const built: BuiltTarget[] = [];
    for (const product of products) {
      progress(`building ${product}`);
      const bytes = product === 'agent' ? await agentBytes(work, request.version) : await runtimeBytes(work, architecture);
      const version = product === 'agent' ? (request.version ?? agentVersion) : runtime;
      const program = {
        kind: 'program',
        product,
        version,
        platform: `linux-${architecture}`,
        encoding: 'zstd',
        unpacked: unpackedOf(bytes),
        releasedAt,
        ...(product === 'agent' ? { runtime } : {}),
      } as const;
      built.push(...(await pack(request, work, { bytes, program })));
    }
    const targets = built.map(({ file, custom }) => ({ file, custom }));
    await writeFile(join(out, 'targets.json'), `${JSON.stringify({ format: 'vedette-built-targets-1', targets }, null, 2)}\n`);
    return built;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export type Program = Omit<ProgramTarget, 'deltas'>;

async function pack(
  request: TargetsRequest,
  work: string,
  { bytes, program }: { readonly bytes: Buffer; readonly program: Program },
): Promise<BuiltTarget[]> {
  const { out, fast, progress } = request;
  const level = fast ? 3 : 19;
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: wholeWindowLog };
  const whole = zstdCompressSync(bytes, { params });
  const deltas: BuiltTarget[] = [];
  for (const old of await oldPrograms(request, program)) {
    progress(`delta of ${program.product} from ${old.custom.version}`);
    const delta = await makeDelta(work, { ...old, bytes, program, out });
    if (delta && delta.bytes < whole.length * worthwhile) deltas.push(delta);
    else if (delta) await rm(join(out, delta.file));
  }
  const listed = deltas.flatMap(({ bytes: length, custom }) =>
    custom.kind === 'delta' ? [{ target: nameOf(custom), fromSha256: custom.from.sha256, length }] : [],
  );
  const custom = ProgramTarget.parse({ ...program, deltas: listed.toSorted((a, b) => a.length - b.length) });
  const file = fileNameOf(custom);
  await writeFile(join(out, file), whole);
  return [{ file, bytes: whole.length, custom }, ...deltas];
}

export interface OldProgram {
  readonly custom: ProgramTarget;
  readonly old: Buffer;
}

/** The newest releases of the same program, unpacked. */
async function oldPrograms({ repository, deltas }: TargetsRequest, program: Program): Promise<OldProgram[]> {
  if (repository === null) return [];
  const published = await readPublished(repository);
  const entries = Object.entries(published?.code.signed.targets ?? {}).flatMap(([name, entry]) => {
    const custom = ProgramTarget.safeParse(entry.custom);
    const isSame = custom.success && custom.data.product === program.product && custom.data.platform === program.platform;
    return isSame && custom.data.version !== program.version ? [{ name, entry, custom: custom.data }] : [];
  });
  const newest = entries.toSorted((a, b) => b.custom.releasedAt.localeCompare(a.custom.releasedAt)).slice(0, deltas);
  const read = newest.map(async ({ name, entry, custom }) => {
    const chunks: Buffer[] = [];
    const output = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk), done()) });
    await unpackTarget(createReadStream(targetFile(repository, name, entry)), output, { custom });
    return { custom, old: Buffer.concat(chunks) };
  });
  return Promise.all(read);
}

/**
 * By the zstd tool: Node's encoder has no long-range match for a dictionary. What the agent's decoder makes of it is tried here. Null for
 * the same file.
 */
export async function makeDelta(
  work: string,
  {
    custom: from,
    old,
    bytes,
    program,
    out,
  }: OldProgram & { readonly bytes: Buffer; readonly program: Program; readonly out: string },
): Promise<BuiltTarget | null> {
  if (old.equals(bytes)) return null;
  const [oldFile, newFile, patchFile] = [join(work, 'old'), join(work, 'new'), join(work, 'patch')];
  await writeFile(oldFile, old);
  await writeFile(newFile, bytes);
  const windowLog = Math.min(31, Math.max(10, Math.ceil(Math.log2(Math.max(old.length, bytes.length))) + 1));
  const level = Math.max(old.length, bytes.length) > largeBytes ? ['-10', '-T1'] : ['--ultra', '-22', '--single-thread'];
  await runTool(
    'zstd',
    ['-q', '-f', ...level, `--long=${windowLog}`, '--no-progress', `--patch-from=${oldFile}`, newFile, '-o', patchFile],
    {
      from: 'zstd',
    },
  );
  const patch = await readFile(patchFile);
  const custom = DeltaTarget.parse({
    kind: 'delta',
    product: program.product,
    version: program.version,
    platform: program.platform,
    encoding: 'zstd-patch',
    from: { version: from.version, sha256: from.unpacked.sha256, length: old.length },
    unpacked: program.unpacked,
    windowLog,
    // The old file twice (ours and the decoder's), the window, and what streams through.
    memoryBytes: 2 * old.length + 2 ** windowLog + 16 * 1024 * 1024,
  });
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  await unpackTarget(createReadStream(patchFile), sink, { custom, old });
  const file = fileNameOf(custom);
  await writeFile(join(out, file), patch);
  return { file, bytes: patch.length, custom };
}

export async function agentBytes(work: string, version: string | null): Promise<Buffer> {
  const code = await readFile(await buildAgent(join(work, 'agent.mjs')), 'utf8');
  if (version === null) return Buffer.from(code);
  // The constant, wherever the bundler has put it.
  const parts = code.split(new RegExp(`(?<=["'\`])${agentVersion.replaceAll('.', String.raw`\.`)}(?=["'\`])`));
  if (parts.length < 2) throw new PackageError('USAGE', 'the agent does not name its version');
  return Buffer.from(parts.join(version));
}

/** As packages and releases carry it; of the pinned Node, or of one in a folder of its own. */
export async function runtimeBytes(work: string, architecture: Architecture, folder?: string): Promise<Buffer> {
  const file = join(work, 'node');
  await stageRuntime(file, architecture, folder);
  return readFile(file);
}

async function runtimeVersion(architecture: Architecture): Promise<string> {
  const manifest = JSON.parse(await readFile(join(runtimeFolder(architecture), 'package.json'), 'utf8')) as { version: string }; // of a package that we pin
  return manifest.version;
}

function unpackedOf(bytes: Buffer): { sha256: string; length: number } {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), length: bytes.length };
}

function fileNameOf(custom: TargetCustom): string {
  return nameOf(custom).slice('code/'.length).replace('/', '_');
}
