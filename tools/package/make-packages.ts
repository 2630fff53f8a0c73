import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { agentVersion } from '../../apps/agent/src/config.ts';
import type { Architecture } from './architecture.ts';
import { makeFormat, type PackageFormat } from './formats.ts';
import { PackageError } from './package-error.ts';
import { runTool } from './run-tool.ts';
import { stageAgent, stageRoot } from './stage.ts';

export interface PackageFile {
  readonly format: PackageFormat;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface PackageRequest {
  /** An existing directory. */
  readonly out: string;
  readonly formats: readonly PackageFormat[];
  readonly architecture: Architecture;
  /** A file that the packages carry as root of signed releases. */
  readonly root: string | null;
  readonly fast: boolean;
  readonly progress: (text: string) => void;
}

export interface Packages {
  readonly version: string;
  readonly files: readonly PackageFile[];
  /** Why a format could not be made, one line each. */
  readonly problems: readonly string[];
}

/** Builds the agent once and packs it in each format; one that fails does not stop the others. */
export async function makePackages(request: PackageRequest): Promise<Packages> {
  const { out, formats, architecture, root, fast, progress } = request;
  const work = await mkdtemp(join(tmpdir(), 'vedette-package-'));
  try {
    const epoch = await sourceDate();
    const staged = join(work, 'staged');
    progress('building the agent and its runtime');
    await stageAgent(staged, architecture, epoch);
    if (root !== null) await stageRoot(staged, root);
    const files: PackageFile[] = [];
    const problems: string[] = [];
    for (const format of formats) {
      progress(`packing ${format}`);
      try {
        const name = await makeFormat[format]({ staged, work, out, architecture, epoch, fast });
        files.push({ format, name, ...(await measure(join(out, name))) });
      } catch (error) {
        if (!(error instanceof PackageError)) throw error;
        problems.push(`${format}: ${error.message}`);
      }
    }
    return { version: agentVersion, files, problems };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** SOURCE_DATE_EPOCH where it is set, else the date of the commit, else, in a tree without git, a fixed one. */
export async function sourceDate(): Promise<number> {
  const given = Number(process.env['SOURCE_DATE_EPOCH']);
  if (Number.isInteger(given) && given > 0) return given;
  try {
    const cwd = resolve(import.meta.dirname, '../..');
    return Number((await runTool('git', ['log', '-1', '--format=%ct'], { cwd, from: 'git' })).trim());
  } catch {
    return 1_767_225_600; // 2026-01-01: any fixed date will do
  }
}

async function measure(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
