import { EcosystemError, readRpmDatabase } from '@vedette/ecosystems';
import { limits, rpmFact } from '@vedette/protocol';
import { defineCollector, type CollectorProblem, type RowOf } from '../collector.ts';
import { HostError, type Host } from '../host.ts';
import { packageManagerLocks } from '../shared/package-manager-locks.ts';
import { hostBytes } from './parse.ts';

/** With 5,000 packages and all their file lists a database has about 400 MB. */
const maxBytes = 1024 * 1024 * 1024;
const folders = ['/usr/lib/sysimage/rpm', '/var/lib/rpm', '/usr/share/rpm'] as const;
const names = ['rpmdb.sqlite', 'Packages.db', 'Packages'] as const;
/** Of several the first that exists counts: the newer format, and the place to which distributions moved. */
const databases = folders.flatMap((folder) => names.map((name) => `${folder}/${name}` as const));
const logs = folders.map((folder) => `${folder}/rpmdb.sqlite-wal` as const);
/** So many packages between two looks at the budget. */
const stride = 50;

export const rpm = defineCollector({
  fact: rpmFact,
  describes: 'Packages in the database of rpm: SQLite, ndb or Berkeley DB.',
  requires: { platforms: ['linux'] },
  cost: { reads: [...databases, ...logs], maxBytes },
  essential: [...databases, ...logs],
  // Not the folders: whoever asks rpm anything opens locks and shared memory beside the database.
  watches: [...databases, ...logs],
  settlesWith: packageManagerLocks,
  refreshSeconds: null,
  async rows(host) {
    const path = databases.find((candidate) => host.stat(candidate) !== null);
    return path === undefined ? { rows: [] } : readDatabase(host, path);
  },
});

async function readDatabase(host: Host, path: string) {
  const rows: RowOf<typeof rpmFact>[] = [];
  const problems: CollectorProblem[] = [];
  const before = host.stat(path);
  const file = hostBytes(host, path, maxBytes);
  if (file === null) throw new HostError('IO', path);
  try {
    for (const read of readRpmDatabase(file, path.endsWith('.sqlite') ? hostBytes(host, `${path}-wal`, maxBytes) : null)) {
      if ('reason' in read) problems.push({ path, code: 'MALFORMED' });
      else rows.push({ ...read });
      // A part of an inventory would read as removals.
      if (rows.length > limits.rowsPerDocument) throw new HostError('TOO_LARGE', path);
      if ((rows.length + problems.length) % stride === 0) await host.breathe();
    }
  } catch (cause) {
    if (cause instanceof EcosystemError) throw new HostError('IO', path, { cause });
    throw cause;
  }
  // Written to while it was read: the change is told by its watch, and the next run reads it whole.
  const after = host.stat(path);
  if (after?.modifiedAtMs !== before?.modifiedAtMs || after?.sizeBytes !== before?.sizeBytes) throw new HostError('IO', path);
  return { rows, problems };
}
