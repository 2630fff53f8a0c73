import { hash } from 'node:crypto';
import { join } from 'node:path';
import { manifestLimits } from '@vedette/protocol';
import { type Disk, replaceFile } from './disk.ts';

/** Kinds of released content that this agent acts upon. */
export const ownContentKinds = ['manifests'] as const;
export type OwnContentKind = (typeof ownContentKinds)[number];

/** Content of a release, as it was verified. */
export interface KeptContent {
  readonly version: string;
  /** SHA-256 of the text, hexadecimal: what the disk has spoilt is not used. */
  readonly sha256: string;
  readonly text: string;
}

/** JSON in JSON, and the rest. */
const maxFileBytes = 4 * manifestLimits.bytes;

/** Null where there is none, or what is there is damaged: then it is fetched anew. */
export function readContent(disk: Disk, directory: string, kind: OwnContentKind): KeptContent | null {
  try {
    const found = disk.read(fileOf(directory, kind), maxFileBytes);
    const kept = found && (JSON.parse(found.toString('utf8')) as KeptContent); // our own file; the text was judged when it came
    return kept && hash('sha256', kept.text) === kept.sha256 ? kept : null;
  } catch {
    return null;
  }
}

export function saveContent(disk: Disk, directory: string, kind: OwnContentKind, content: KeptContent): void {
  disk.makeDirectory(join(directory, 'content'));
  replaceFile(disk, fileOf(directory, kind), JSON.stringify(content));
}

export function removeContent(disk: Disk, directory: string, kind: OwnContentKind): void {
  disk.remove(fileOf(directory, kind));
}

function fileOf(directory: string, kind: OwnContentKind): string {
  return join(directory, 'content', `${kind}.json`);
}
