import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  directorySource,
  metadataFolder,
  mirrorRepository,
  ReleaseError,
  type RepositorySource,
  type Verified,
  verifyRepository,
} from '@vedette/release';
import type { Command, Outcome } from '../commands/command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { dryRunOption, releaseCommand, type Options } from './release-command.ts';

const rootOption = [
  '--root <file>',
  'the root that agents are installed with (default: the first root that lies there)',
] as const;
const metadataMs = 60_000;
const targetMs = 30 * 60_000;

const verify: Command = {
  name: 'release verify',
  summary: 'Check a repository, a mirror or an edge as an agent would, every file included.',
  args: '<directory-or-address>',
  options: [rootOption],
  example: 'vedette release verify https://cdn-eu.example/ --root root.json',
  async run(_surroundings, [from = ''], options) {
    const { source, root } = await open(from, options);
    return describe(await verifyRepository(source, root));
  },
};

const mirror: Command = {
  name: 'release mirror',
  summary: 'Copy a repository to a directory that any web server may serve, or to a stick.',
  args: '<directory-or-address> <to>',
  options: [rootOption, dryRunOption],
  example: 'vedette release mirror https://vedette.example/ /srv/mirror',
  help: 'Nothing that does not verify is written; the timestamp comes last, so that the mirror is whole at any moment. Run it again to update.',
  async run(_surroundings, [from = '', to = ''], options) {
    const { source, root } = await open(from, options);
    return describe(
      options['dryRun'] === true ? await verifyRepository(source, root) : await mirrorRepository(source, root, resolve(to)),
    );
  },
};

async function open(from: string, options: Options): Promise<{ source: RepositorySource; root: Uint8Array }> {
  const source = /^https?:\/\//.test(from) ? webSource(from) : directorySource(resolve(from));
  const file = options['root'];
  if (typeof file === 'string') return { source, root: await readFile(file) };
  const root = await source.read(join(metadataFolder, '1.root.json'), 512_000);
  if (root === null) throw new CliError('NOT_FOUND', `${from} has no tuf/1.root.json`);
  return { source, root };
}

function webSource(base: string): RepositorySource {
  const folder = new URL(base.endsWith('/') ? base : `${base}/`);
  return {
    async read(path, maxBytes) {
      const signal = AbortSignal.timeout(path.startsWith(metadataFolder) ? metadataMs : targetMs);
      const response = await fetch(new URL(path.split('/').map(encodeURIComponent).join('/'), folder), {
        redirect: 'error',
        signal,
      });
      if (response.status === 404 || response.status === 403) return null;
      if (!response.ok || !response.body) throw new CliError('FAILURE', `${folder.href}${path}: status ${response.status}`);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of response.body) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw new ReleaseError('TARGET_MISMATCH', `${path} is longer than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
  };
}

function describe({ versions, expiresAt, targets }: Verified): Outcome {
  const list = [...targets].map(([name, { length, hashes }]) => ({ name, bytes: length, sha256: hashes.sha256 }));
  const rows = list.map(({ name, bytes, sha256 }) => [name, bytes, sha256.slice(0, 16)] as const);
  const text = `${table(['target', 'bytes', 'sha-256'], rows)}\n\nmetadata: ${Object.entries(versions)
    .map(([role, version]) => `${role} ${version}`)
    .join(', ')}; valid until ${expiresAt}`;
  return { data: { versions, expiresAt, targets: list }, text };
}

export const releaseMirrorCommands: readonly Command[] = [verify, mirror].map(releaseCommand);
