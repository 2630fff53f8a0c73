import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from './peers.ts';

const repository = join(import.meta.dirname, '../..');

/** Versions as they occur: in the ecosystem's table, on this machine, and in the feed data where they lie beside the project. */
export function realVersions({ ecosystem, corpus }: Peer): string[] {
  const table = readFileSync(join(repository, 'packages/ecosystems/src', ecosystem.name, 'versions.txt'), 'utf8');
  const versions = table
    .split('\n')
    .flatMap((line) => (line.startsWith('#') ? [] : line.split(' ').filter((_, index) => index !== 1)));
  const installed = '/var/lib/dpkg/status';
  if (ecosystem.name === 'debian' && existsSync(installed)) {
    for (const [, version = ''] of readFileSync(installed, 'utf8').matchAll(/^Version: (\S+)$/gm)) versions.push(version);
  }
  const shared = process.env['VEDETTE_SHARED'] ?? join(repository, '../shared');
  for (const archive of corpus?.archives ?? []) {
    const file = join(shared, 'data', archive);
    if (!corpus || !existsSync(file)) continue;
    const text = execFileSync('tar', ['--zstd', '-xOf', file], { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 });
    for (const [, version = ''] of text.matchAll(corpus.version)) versions.push(version);
  }
  return [...new Set(versions)].filter((version) => version !== '');
}
