import { EcosystemError, parseDpkgStatus, type DpkgDatabaseKind } from '@vedette/ecosystems';
import { dpkgFact } from '@vedette/protocol';
import { defineCollector, type Collected, type RowOf } from '../collector.ts';
import { HostError } from '../host.ts';
import { isStatusFragment } from './parse.ts';
import { packageManagerLocks } from '../shared/package-manager-locks.ts';

const limit = { maxBytes: 64 * 1024 * 1024 };
const database = '/var/lib/dpkg/status';
/** Images built without dpkg put one file for each package here instead. */
const fragments = '/var/lib/dpkg/status.d';

export const dpkg = defineCollector({
  fact: dpkgFact,
  describes: 'Packages known to dpkg, also in images without dpkg itself.',
  requires: { platforms: ['linux'] },
  cost: { reads: [database, fragments, `${fragments}/*`], maxBytes: limit.maxBytes },
  essential: [database, fragments],
  watches: [database, fragments],
  settlesWith: packageManagerLocks,
  refreshSeconds: null,
  async rows(host) {
    const files = (host.listDirectory(fragments) ?? []).filter(isStatusFragment).map((name) => `${fragments}/${name}`);
    const parts = [
      parse(database, host.readFile(database, limit), 'status'),
      ...files.map((path) => parse(path, host.readFile(path, limit), 'fragment')),
    ];
    return { rows: parts.flatMap(({ rows }) => rows), problems: parts.flatMap(({ problems = [] }) => problems) };
  },
});

function parse(path: string, content: Uint8Array | null, kind: DpkgDatabaseKind): Collected<RowOf<typeof dpkgFact>> {
  if (content === null) return { rows: [] };
  try {
    const { packages, problems } = parseDpkgStatus(content, kind);
    return { rows: packages, problems: problems.length === 0 ? [] : [{ path, code: 'MALFORMED' }] };
  } catch (cause) {
    if (cause instanceof EcosystemError) throw new HostError('TOO_LARGE', path, { cause });
    throw cause;
  }
}
