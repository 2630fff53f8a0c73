import { postureMarks, manifestLimits } from '@vedette/protocol';
import { HostError, type Host } from '../host.ts';
import { allowedPath } from './allowed.ts';

/** What one probe read, before it gets its name. */
export interface Reading {
  readonly subject: string;
  readonly value: string;
  readonly where: string;
}

/** Settings files are small; a larger one is not read. */
export const contentLimit = { maxBytes: 64 * 1024 };
/** Files that a pattern may stand for. */
const maxMatches = 64;

export function reading(subject: string, value: string, where = ''): Reading {
  return { subject, value: value.slice(0, manifestLimits.valueChars).toWellFormed(), where };
}

/** What a read answers, or the mark for why it does not. */
export function attempt(read: () => string | null): string {
  try {
    return read() ?? postureMarks.absent;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return error.code === 'TOO_LARGE' ? postureMarks.tooLarge : postureMarks.unreadable;
  }
}

/** Thrown for what a manifest may not ask for, and for a pattern that is none. */
export class ProbeRefused extends Error {
  override readonly name = 'ProbeRefused';
  readonly mark: string;
  constructor(mark: string) {
    super(mark);
    this.mark = mark;
  }
}

/** Where the path leads when it may be used so. Throws ProbeRefused. */
export function permitted(host: Host, path: string, use: Parameters<typeof allowedPath>[2]): string {
  const real = allowedPath(host, path, use);
  if (real === null) throw new ProbeRefused(postureMarks.notAllowed);
  return real;
}

/** The paths that one with a `*` in its last part stands for, sorted; the path itself without. Hidden names only where they are asked for. */
export function expand(host: Host, path: string): string[] {
  if (!path.includes('*')) return [path];
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, slash) || '/';
  const [prefix = '', suffix = ''] = path.slice(slash + 1).split('*');
  const names = host.listDirectory(permitted(host, folder, 'names')) ?? [];
  return names
    .filter((name) => name.length >= prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix))
    .filter((name) => prefix !== '' || !name.startsWith('.'))
    .slice(0, maxMatches)
    .map((name) => `${path.slice(0, slash)}/${name}`);
}

/** Text of a file that may be read; null where it is not there. Throws ProbeRefused and HostError. */
export function contentOf(host: Host, path: string, use: 'content' | 'sshd' = 'content'): string | null {
  return host.readText(permitted(host, path, use), contentLimit);
}
