import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readManifest } from '@vedette/collectors';
import { manifestLimits } from '@vedette/protocol';
import { contentTarget, readCustom } from '@vedette/release';
import { describeError } from '../errors.ts';
import { saveContent } from './content-file.ts';
import { fetchAndUnpack, type FetchParts } from './fetch-program.ts';
import { UpgradeError } from './upgrade-error.ts';

/** Fetches a version of the manifest, checks signatures, hash and whether this agent understands it, and keeps it. Throws UpgradeError. */
export async function fetchManifest(parts: Omit<FetchParts, 'memoryBytes'>, version: string): Promise<void> {
  const { disk, directory, metadata } = parts;
  const name = contentTarget('manifests', version);
  const target = await metadata.find(name);
  if (!target) throw new UpgradeError('unknown-version', `no signed metadata names ${name}`);
  const custom = readCustom(target);
  if (custom.kind !== 'content') throw new UpgradeError('verification', `${name} is no content`);
  const longest = Math.max(custom.unpacked.length, target.length);
  if (longest > manifestLimits.bytes) throw new UpgradeError('preflight', `${name} is larger than ${manifestLimits.bytes} bytes`);
  const out = join(directory, 'download', `manifests-${custom.unpacked.sha256}`);
  const path = await fetchAndUnpack(parts, { target, custom }, { out });
  const text = readFileSync(path, 'utf8');
  disk.remove(path);
  try {
    readManifest(text);
  } catch (error) {
    throw new UpgradeError('preflight', `${name}: ${describeError(error)}`, { cause: error });
  }
  saveContent(disk, directory, 'manifests', { version, sha256: hash('sha256', text), text });
}
