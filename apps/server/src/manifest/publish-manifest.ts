import { Manifest, manifestKeyId, manifestSigningText, type SignedManifest } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import type { ManifestContent } from './build-manifest.ts';

/** Channel of NOTIFY; the payload is the new version. */
export const manifestChannel = 'vedette_manifest_published';

/** The manifest in effect; null before the first. */
export async function loadManifest(db: Kysely<Database>): Promise<{ version: number; signed: SignedManifest } | null> {
  const row = await db.selectFrom('manifest').selectAll().orderBy('version', 'desc').limit(1).executeTakeFirst();
  if (!row) return null;
  const { content, signature } = row;
  return { version: Number(row.version), signed: { keyid: manifestKeyId, content, signature } };
}

/**
 * Signs this content and publishes it under a new version, unless it is the one in effect. Versions are seconds since 1970: after a
 * restore from a backup the next one is still higher than any that an agent has seen. Returns the version in effect.
 */
export async function publishManifest(
  { db, platformKey, clock }: Pick<Context, 'db' | 'platformKey' | 'clock'>,
  content: ManifestContent,
): Promise<{ version: number; published: boolean }> {
  return db.transaction().execute(async (tx) => {
    await sql`lock table manifest in share row exclusive mode`.execute(tx);
    const current = await loadManifest(tx);
    if (current && withoutVersion(current.signed.content) === JSON.stringify(content))
      return { version: current.version, published: false };
    const now = clock();
    const version = Math.max(Math.floor(now.getTime() / 1000), (current?.version ?? 0) + 1);
    const text = JSON.stringify(Manifest.parse({ ...content, version }));
    const signature = platformKey.sign(manifestSigningText(text)).toString('base64');
    await tx.insertInto('manifest').values({ version, publishedAt: now, content: text, signature }).execute();
    await sql`select pg_notify(${manifestChannel}, ${String(version)})`.execute(tx);
    return { version, published: true };
  });
}

function withoutVersion(text: string): string {
  const { version: _own, ...content } = Manifest.parse(JSON.parse(text));
  return JSON.stringify(content);
}
