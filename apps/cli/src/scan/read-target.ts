import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { collectors, parseOsRelease, runCollector, type Host } from '@vedette/collectors';
import { ExtractorError, extractionLimits, extractorFor, type Distribution } from '@vedette/extractors';
import { linuxHost } from '@vedette/host';
import { kernelFact, type Kernel } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { fileError, readFile, readStandardInput } from './read-file.ts';
import { readInstalled } from './read-installed.ts';
import { readRoot } from './read-root.ts';
import { extractRpmSqlite, isSqlite } from './rpm-sqlite.ts';
import type { ScannedFile, Target } from './target.ts';
import { filesBelow } from './walk.ts';

/**
 * Reads a file of any known kind, a root file system, a directory with lock files, or `-` for standard input. Throws CliError: NOT_FOUND,
 * USAGE for a file of no kind known here or a directory without any, FAILURE for one that cannot be read.
 */
export async function readTarget(target: string): Promise<Target> {
  if (target === '-') return singleFile('-', readStandardInput(extractionLimits.fileBytes), null);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(target).isDirectory();
  } catch (error) {
    throw fileError(target, error);
  }
  if (isDirectory) return readDirectory(target);
  return singleFile(target, readFile(target, extractionLimits.fileBytes), readBeside(target, '-wal'));
}

function singleFile(target: string, content: Uint8Array, writeAheadLog: Uint8Array | null): Target {
  const file = readScanned(target, content, writeAheadLog);
  if (!file) {
    throw new CliError(
      'USAGE',
      `${target} is no package database, lock file or SBOM that is known here; "vedette scan --help" lists them`,
    );
  }
  const distribution = file.extraction.distribution ?? distributionBeside(target);
  return { name: target, files: [file], distribution, kernels: null, unreadable: [] };
}

/** Null for a file of no kind known here. Throws CliError FAILURE for one that is broken. */
function readScanned(path: string, content: Uint8Array, writeAheadLog: Uint8Array | null): ScannedFile | null {
  try {
    if (isSqlite(content)) return { path, kind: 'rpm', extraction: extractRpmSqlite(content, writeAheadLog), owner: null };
    const extractor = extractorFor(basename(path), content);
    return extractor && { path, kind: extractor.name, extraction: extractor.extract(content), owner: null };
  } catch (error) {
    if (error instanceof ExtractorError) throw new CliError('FAILURE', `${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

async function readDirectory(target: string): Promise<Target> {
  const host = linuxHost({ root: target });
  const root = readRoot(host);
  const files = [...root.files];
  const unreadable = [...root.unreadable];
  const below = filesBelow(target, root.files.length > 0 || root.distribution !== null);
  if (below.isCut) unreadable.push({ path: '.', reason: 'there are too many files; not all were looked at' });
  for (const path of below.lockFiles) {
    try {
      const file = readScanned(path, readFile(join(target, path), extractionLimits.fileBytes), null);
      if (file) files.push(file);
    } catch (error) {
      // One broken lock file does not hide the others; it is said at the end.
      if (!(error instanceof CliError)) throw error;
      unreadable.push({ path, reason: error.message });
    }
  }
  const databases = root.files.map(({ path }) => path);
  files.push(...readInstalled(host, below.installed, databases));
  if (files.length === 0 && unreadable.length === 0) {
    throw new CliError('USAGE', `${target} holds no package database, lock file or SBOM that is known here`);
  }
  const kernels = resolve(target) === '/' ? await liveKernels(host) : null;
  return { name: target, files, distribution: root.distribution, kernels, unreadable };
}

async function liveKernels(host: Host): Promise<Kernel[]> {
  const collector = collectors.find(({ fact }) => fact.name === kernelFact.name);
  const { rows } = collector ? await runCollector(collector, host) : { rows: [] };
  return rows.map((row) => kernelFact.row.parse(row));
}

function readBeside(path: string, suffix: string): Uint8Array | null {
  try {
    return readFile(`${path}${suffix}`, extractionLimits.fileBytes);
  } catch {
    return null; // absent for every file but an open SQLite database
  }
}

/** A database inside an unpacked root (`/var/lib/dpkg/status`) belongs to the os-release of that root. */
function distributionBeside(target: string): Distribution | null {
  const inRoot = /^(.*?)\/?(?:var\/lib\/(?:dpkg|rpm)|usr\/lib\/sysimage\/rpm|lib\/apk\/db|usr\/lib\/apk\/db)(?:\/|$)/.exec(
    dirname(target),
  );
  if (!inRoot) return null;
  for (const name of ['etc/os-release', 'usr/lib/os-release']) {
    try {
      const variables = parseOsRelease(
        readFile(join(inRoot[1] || (target.startsWith('/') ? '/' : '.'), name), 64 * 1024).toString('utf8'),
      );
      return {
        id: variables.get('ID') ?? '',
        versionId: variables.get('VERSION_ID') ?? '',
        codename: variables.get('VERSION_CODENAME') ?? '',
      };
    } catch (error) {
      if (!(error instanceof CliError)) throw error; // the next place may hold it
    }
  }
  return null;
}
