import { join } from 'node:path';
import { PlatformProcess } from '@vedette/testkit';
import type { FeedDirectory } from './feed-directory.ts';

/** A platform of its own that knows what is in the feed and nothing else; `environment` as `apps/server --help` lists it. */
export function startPlatform(feed: FeedDirectory, environment: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> {
  return PlatformProcess.start({
    VEDETTE_FEED_DIR: feed.path,
    VEDETTE_STARTER_FILE: join(feed.path, 'none'),
    VEDETTE_LOG_LEVEL: 'warn',
    ...environment,
  });
}
