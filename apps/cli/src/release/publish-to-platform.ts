import { openAsBlob } from 'node:fs';
import { publishRelease } from '@vedette/protocol';
import { metadataPath, readPublished, type Staged, targetFile, type TargetEntry } from '@vedette/release';
import type { Surroundings } from '../commands/command.ts';
import { readContext } from '../context.ts';
import { CliError } from '../errors.ts';

interface PublishedThere {
  readonly published: boolean;
  readonly data: unknown;
  readonly text: string;
  /** What the platform serves now, by path below `tuf/`; empty for a dry run. */
  readonly online: ReadonlyMap<string, Uint8Array>;
}

const uploadMs = 30 * 60_000;

/** Uploads the files that the platform lacks, then the metadata. Throws CliError. */
export async function publishToPlatform(
  { client, environment, note }: Pick<Surroundings, 'client' | 'environment' | 'note'>,
  directory: string,
  staged: Staged,
  dryRun: boolean,
): Promise<PublishedThere> {
  const ask = (isDry: boolean) =>
    client()
      .call(publishRelease, { body: { documents: staged, dryRun: isDry } })
      .catch(asRefusal);
  const first = await ask(true);
  if (dryRun) return { published: false, data: first, text: describe(first, true), online: new Map() };
  const entries = await everyTarget(directory, staged);
  for (const { name, sha256, length } of first.missing) {
    const entry = entries.get(name);
    if (!entry) throw new CliError('FAILURE', `${name} is not in this repository`);
    note(`uploading ${name} (${(length / 1e6).toFixed(1)} MB)`);
    await upload(environment, targetFile(directory, name, entry), sha256);
  }
  const done = await ask(false);
  return {
    published: done.published,
    data: done,
    text: describe(done, false),
    online: await fetchMetadata(environment, done.versions),
  };
}

function asRefusal(error: unknown): never {
  if (!(error instanceof CliError)) throw error;
  const isSignature = error.message.startsWith('THRESHOLD') || error.message.startsWith('KEY');
  throw isSignature ? new CliError('SIGNATURES', error.message, { cause: error }) : error;
}

async function everyTarget(directory: string, staged: Staged): Promise<Map<string, TargetEntry>> {
  const published = await readPublished(directory);
  const documents = (['targets', 'content', 'code'] as const).flatMap((role) => staged[role] ?? published?.[role] ?? []);
  return new Map(documents.flatMap(({ signed }) => Object.entries(signed.targets)));
}

async function upload(environment: Surroundings['environment'], file: string, sha256: string): Promise<void> {
  const { url, token } = readContext(environment);
  const response = await fetch(new URL(`/api/v1/releases/files/${sha256}`, url), {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: await openAsBlob(file),
    redirect: 'error',
    signal: AbortSignal.timeout(uploadMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new CliError('FAILURE', `${url} refused ${file} with status ${response.status}`);
}

/** So that the repository here goes on from what agents see. */
async function fetchMetadata(
  environment: Surroundings['environment'],
  versions: Readonly<Record<string, number>>,
): Promise<Map<string, Uint8Array>> {
  const { url } = readContext(environment);
  const get = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(new URL(`/tuf/${path}`, url), { redirect: 'error', signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new CliError('FAILURE', `${url} does not serve /tuf/${path}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const files = new Map<string, Uint8Array>();
  for (const [role, version] of Object.entries(versions))
    files.set(metadataPath(role, version), await get(metadataPath(role, version)));
  const timestamp = await get('timestamp.json');
  const { signed } = JSON.parse(Buffer.from(timestamp).toString('utf8')) as {
    signed: { meta: Record<string, { version: number }> };
  }; // of our own platform; verify checks it
  const snapshot = metadataPath('snapshot', signed.meta['snapshot.json']?.version ?? 0);
  return files.set(snapshot, await get(snapshot)).set('timestamp.json', timestamp);
}

function describe(
  { missing, versions }: { missing: readonly { name: string }[]; versions: Readonly<Record<string, number>> },
  dryRun: boolean,
): string {
  const text = Object.entries(versions).map(([role, version]) => `${role} ${version}`);
  const uploads = missing.length > 0 ? `\nfiles to upload: ${missing.map(({ name }) => name).join(', ')}` : '';
  return `${dryRun ? 'would publish' : 'published'} ${text.join(', ')}${uploads}`;
}
