import { parseApkInstalled } from '@vedette/ecosystems';
import { apkFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { apkRows } from './parse.ts';

/** A desktop with 5,000 packages stays below 30 MB. */
const limit = { maxBytes: 64 * 1024 * 1024 };
/** apk-tools 3 writes to the second. */
const databases = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'] as const;

export const apk = defineCollector({
  fact: apkFact,
  describes: 'Packages in the database of apk.',
  requires: { platforms: ['linux'] },
  cost: { reads: databases, maxBytes: limit.maxBytes },
  essential: databases,
  watches: databases,
  settlesWith: ['/lib/apk/db/lock', '/usr/lib/apk/db/lock'],
  refreshSeconds: null,
  async rows(host) {
    for (const path of databases) {
      const content = host.readText(path, limit);
      if (content === null) continue;
      const { rows, isWhole } = apkRows(parseApkInstalled(content));
      return { rows, problems: isWhole ? [] : [{ path, code: 'MALFORMED' }] };
    }
    return { rows: [] };
  },
});
