import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initRepository, readStaged, type RoleAssignments, signerOf, signStaged, type SigningKey } from '@vedette/release';

/** A signed repository of releases; of the testkit, which no program may know. */
interface Releases {
  readonly directory: string;
  readonly keys: Readonly<Record<string, readonly SigningKey[]>>;
  readonly assignments: () => RoleAssignments;
}

type OnlineKeys = Readonly<Record<'snapshot' | 'timestamp', { readonly keyId: string; readonly public: string }>>;

/**
 * The same repository as a fresh one for the platform's own online keys, as `vedette release init` makes it: only snapshot and timestamp
 * differ. For `publishRelease`.
 */
export async function platformDocuments(releases: Releases, onlineKeys: OnlineKeys, now: Date): Promise<Record<string, unknown>> {
  const online = (role: 'snapshot' | 'timestamp') => ({
    keys: [{ format: 'vedette-release-public-key-1' as const, role, ...onlineKeys[role] }],
    threshold: 1,
  });
  const fresh = join(releases.directory, 'for-platform');
  await initRepository(fresh, { ...releases.assignments(), snapshot: online('snapshot'), timestamp: online('timestamp') }, now);
  const staged = await readStaged(fresh);
  const published = async (role: string) => {
    const names = ['6', '5', '4', '3', '2', '1'].map((version) => join(releases.directory, 'tuf', `${version}.${role}.json`));
    for (const name of names) {
      const text = await readFile(name, 'utf8').catch(() => null);
      if (text !== null) return JSON.parse(text) as { signed: { targets: object } }; // as it was published
    }
    throw new Error(`no ${role}`);
  };
  for (const role of ['content', 'code'] as const) {
    Object.assign(staged[role]?.signed ?? {}, { targets: (await published(role)).signed.targets });
    await writeFile(join(fresh, 'staged', `${role}.json`), JSON.stringify(staged[role]));
  }
  for (const key of Object.values(releases.keys).flat()) await signStaged(fresh, signerOf(key));
  return (await readStaged(fresh)) as Record<string, unknown>;
}
