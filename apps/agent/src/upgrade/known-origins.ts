import { Writable } from 'node:stream';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Origins as OriginsDocument, originsMaxBytes } from '@vedette/protocol';
import { originsTarget, readCustom, type TrustedMetadata, unpackTarget } from '@vedette/release';
import type { Disk } from './disk.ts';
import type { KnownOrigins } from './known-origins-file.ts';
import type { Origins } from './origins/origins.ts';
import { PartialFile } from './partial-file.ts';

/** Addresses for a region in order; those of the default region where it is not in the list. */
export function edgesOf({ document }: KnownOrigins, region: string | null): URL[] {
  const regions = document?.regions ?? [];
  const found = regions.find(({ name }) => name === region) ?? regions.find(({ name }) => name === document?.defaultRegion);
  return (found?.origins ?? []).map((origin) => new URL(origin));
}

/** For so long the last good edge comes before nearer ones, which were not good then. */
const lastGoodMs = 24 * 3600_000;

/** The edge to ask first; null once the signed order counts again, so that an outage of an hour does not send a region elsewhere for ever. */
export function lastGoodOf({ lastGood, lastGoodSince }: KnownOrigins, now: number): string | null {
  const forMs = now - Date.parse(lastGoodSince ?? '');
  return forMs >= 0 && forMs < lastGoodMs ? lastGood : null;
}

/** What to remember of a run; `best` is the edge that gave everything, null when none did. */
export function goodAfter(
  known: KnownOrigins,
  best: string | null,
  now: number,
): Pick<KnownOrigins, 'lastGood' | 'lastGoodSince'> {
  const before = lastGoodOf(known, now);
  if (best === null || best === before) return { lastGood: before, lastGoodSince: known.lastGoodSince ?? null };
  return { lastGood: best, lastGoodSince: new Date(now).toISOString() };
}

/** The list as signed metadata now names it; null where it names none. Throws OriginError, ReleaseError or ZodError. */
export async function fetchOrigins(
  { disk, directory, metadata, origins }: { disk: Disk; directory: string; metadata: TrustedMetadata; origins: Origins },
  known: KnownOrigins,
): Promise<KnownOrigins> {
  const target = await metadata.find(originsTarget);
  const { sha256 } = target?.hashes ?? {};
  if (!target || sha256 === undefined || sha256 === known.sha256 || target.length > originsMaxBytes) return known;
  const path = join(directory, 'download', `${sha256}.part`);
  await origins.fetchTarget(target.path, new PartialFile(disk, path, { bytes: target.length, sha256 }));
  const chunks: Buffer[] = [];
  const output = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) });
  await unpackTarget(createReadStream(path), output, { custom: readCustom(target) });
  disk.remove(path);
  return { ...known, sha256, document: OriginsDocument.parse(JSON.parse(Buffer.concat(chunks).toString('utf8'))) };
}
