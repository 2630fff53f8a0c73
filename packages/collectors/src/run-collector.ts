import { limits, type FactRow, type FactValue } from '@vedette/protocol';
import type { Collector, CollectorProblem } from './collector.ts';
import { clean, cleanList } from './clean.ts';
import { HostError, type Host } from './host.ts';

/** More problems than this say nothing new; the rest is dropped. */
const maxProblems = 100;

/** Problems of one kind at one place; process numbers are replaced by `*`. */
export interface CountedProblem extends CollectorProblem {
  readonly count: number;
}

export interface CollectorRun {
  /**
   * `complete`: everything was read. `partial`: rows are right, some may be missing or less detailed. `failed`: the rows say
   * nothing about the host and must not replace an earlier state. `unsupported`: not for this platform.
   */
  readonly status: 'complete' | 'partial' | 'failed' | 'unsupported';
  readonly rows: readonly FactRow[];
  readonly problems: readonly CountedProblem[];
  /** What was thrown, when a run ended early; with code INTERNAL the collector itself is at fault. */
  readonly cause?: unknown;
}

/**
 * Runs one collector. Never throws. Texts of the rows are cleaned and cut to what the protocol takes, and their keys are
 * unique: here once, so that no collector can forget it.
 */
export async function runCollector(collector: Collector, host: Host): Promise<CollectorRun> {
  if (!collector.requires.platforms.includes(host.platform)) return { status: 'unsupported', rows: [], problems: [] };
  const byPlace = new Map<string, CountedProblem>();
  const note = ({ path, code }: CollectorProblem): void => {
    // One place for all processes: their numbers mean nothing to the reader and would make each run look different.
    const place = clean(path)
      .replace(/^\/proc\/[0-9]+\//, '/proc/*/')
      .replace(/\/fd\/[0-9]+$/, '/fd/*');
    const id = `${code} ${place}`;
    const known = byPlace.get(id);
    if (known !== undefined || byPlace.size < maxProblems) byPlace.set(id, { path: place, code, count: (known?.count ?? 0) + 1 });
  };
  let essentialFailed = false;
  const noteRead = (problem: CollectorProblem): void => {
    if (collector.essential?.includes(problem.path)) essentialFailed = true;
    note(problem);
  };
  try {
    const collected = await collector.rows(collector.seesErrors ? host : notingHost(host, noteRead));
    for (const problem of collected.problems ?? []) note(problem);
    const rows = presentable(collected.rows, collector.fact.key, (code) => note({ path: '', code }));
    const problems = [...byPlace.values()];
    if (essentialFailed) return { status: 'failed', rows: [], problems };
    return { status: problems.length === 0 ? 'complete' : 'partial', rows, problems };
  } catch (cause) {
    note(cause instanceof HostError ? cause : { path: '', code: 'INTERNAL' });
    return { status: 'failed', rows: [], problems: [...byPlace.values()], cause };
  }
}

/** The same host, but a failed read is noted and answers `null`. */
function notingHost(host: Host, note: (problem: CollectorProblem) => void): Host {
  const noted = (error: unknown): null => {
    if (!(error instanceof HostError)) throw error;
    note({ path: error.path, code: error.code });
    return null;
  };
  const guard = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      return noted(error);
    }
  };
  return {
    platform: host.platform,
    architecture: host.architecture,
    readFile: (path, limit) => guard(() => host.readFile(path, limit)),
    readText: (path, limit) => guard(() => host.readText(path, limit)),
    readRange: (path, range) => guard(() => host.readRange(path, range)),
    readLink: (path) => guard(() => host.readLink(path)),
    listDirectory: (path) => guard(() => host.listDirectory(path)),
    stat: (path) => guard(() => host.stat(path)),
    statFileSystem: (mount) => host.statFileSystem(mount).catch(noted),
    askSocket: (socket, path, limit) => host.askSocket(socket, path, limit).catch(noted),
    networkAddresses: () => guard(() => host.networkAddresses()) ?? [],
    sha256: (content) => host.sha256(content),
    breathe: () => host.breathe(),
  };
}

function presentable(
  rows: readonly FactRow[],
  key: readonly string[],
  note: (code: 'LIMIT' | 'DUPLICATE') => void,
): readonly FactRow[] {
  if (rows.length > limits.rowsPerDocument) note('LIMIT');
  const byKey = new Map<string, FactRow>();
  for (const row of rows.slice(0, limits.rowsPerDocument)) {
    const cleaned = cleanRow(row);
    const id = JSON.stringify(key.map((column) => cleaned[column]));
    if (byKey.has(id)) note('DUPLICATE');
    else byKey.set(id, cleaned);
  }
  return [...byKey.values()];
}

function cleanRow(row: FactRow): FactRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cleanValue(value)]));
}

function cleanValue(value: FactValue): FactValue {
  if (typeof value === 'string') return clean(value);
  if (value === null || typeof value !== 'object') return value;
  return cleanList(value);
}
