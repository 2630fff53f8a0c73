import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPostureChecks, postureFeed } from '@vedette/matching';
import { PostureContent } from '@vedette/protocol';
import type { Context } from '../context.ts';
import { importPosture } from '../knowledge/import-knowledge.ts';
import { loadLifecycles, saveFeedState } from '../knowledge/stored-input.ts';
import { buildManifest } from '../manifest/build-manifest.ts';
import { publishManifest } from '../manifest/publish-manifest.ts';

const maxBytes = 4 * 1024 * 1024;

/**
 * Brings the posture checks of the content into the knowledge base, as they are on this day, and publishes the manifest that says what
 * agents have to read for them. Cheap where nothing has changed. Content that cannot be used is noted, and what is in use stays.
 */
export async function keepPosture(context: Pick<Context, 'config' | 'db' | 'clock' | 'log' | 'platformKey'>): Promise<void> {
  const { config, db, clock, log } = context;
  const location = config.postureFile ?? join(import.meta.dirname, '../../../../content/posture/linux.json');
  try {
    const text = await readFile(location, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) {
      log.warn({ location }, 'there are no posture checks; those of before stay in use');
      return;
    }
    if (text.length > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    const { checks } = PostureContent.parse(JSON.parse(text));
    // First, since it refuses what cannot be published.
    const manifest = buildManifest(checks);
    const at = clock();
    const lifecycles = await loadLifecycles(db);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const state = { location, records: checks.length, sha256, retrievedAt: at, checkedAt: at, problem: null };
    await saveFeedState(db, { feed: postureFeed, ...state });
    const result = await importPosture(db, buildPostureChecks(checks, { lifecycles, today: at.toISOString().slice(0, 10) }), at);
    const { version, published } = await publishManifest(context, manifest);
    if (published || result.changed > 0) log.info({ ...result, manifest: version }, 'the posture checks were brought up to date');
  } catch (error) {
    const problem = error instanceof Error ? error.message.slice(0, 500) : String(error);
    log.error({ location, reason: problem }, 'the posture checks cannot be used; those before stay in use');
    await saveFeedState(db, { feed: postureFeed, problem, triedAt: clock() });
  }
}
