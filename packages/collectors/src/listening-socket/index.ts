import { listeningSocketFact } from '@vedette/protocol';
import { defineCollector, type CollectorProblem } from '../collector.ts';
import type { Host } from '../host.ts';
import { processIds } from '../shared/process-ids.ts';
import { parseSocketTable, socketInode, type ListeningSocket, type SocketProtocol } from './parse.ts';

const protocols: readonly SocketProtocol[] = ['tcp', 'tcp6', 'udp', 'udp6'];
// 150 bytes a socket: enough for a proxy with 200,000 connections.
const tableLimit = { maxBytes: 32 * 1024 * 1024 };
/** Open files that are looked at to find the processes behind sockets. */
const maxLinks = 200_000;

export const listeningSocket = defineCollector({
  fact: listeningSocketFact,
  describes: 'Listening TCP and bound UDP sockets with the process behind them.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: [...protocols.map((name) => `/proc/net/${name}`), '/proc/*/fd/*', '/proc/*/comm'],
    maxBytes: tableLimit.maxBytes,
  },
  essential: protocols.map((name) => `/proc/net/${name}`),
  watches: ['listeners'],
  // Another process may hold an unchanged socket.
  refreshSeconds: 900,
  async rows(host) {
    const problems: CollectorProblem[] = [];
    const byKey = new Map<string, ListeningSocket>();
    for (const protocol of protocols) {
      const path = `/proc/net/${protocol}`;
      const { sockets, malformed } = parseSocketTable(host.readText(path, tableLimit) ?? '', protocol);
      if (malformed > 0) problems.push({ path, code: 'MALFORMED' });
      for (const socket of sockets) {
        // Several sockets may share an address (SO_REUSEPORT, multicast); one row says it.
        const key = `${protocol} ${socket.address} ${socket.port}`;
        if (!byKey.has(key)) byKey.set(key, socket);
      }
    }
    const owners = await processNames(host, new Set([...byKey.values()].map(({ inode }) => inode)));
    const rows = [...byKey.values()].map(({ inode, ...socket }) => ({ ...socket, process: owners.names.get(inode) ?? '' }));
    return { rows, problems: [...problems, ...owners.problems] };
  },
});

/** Names of the processes that hold the given socket inodes; looks only as far as needed. */
async function processNames(
  host: Host,
  wanted: ReadonlySet<string>,
): Promise<{ names: ReadonlyMap<string, string>; problems: CollectorProblem[] }> {
  const names = new Map<string, string>();
  const missing = new Set(wanted);
  missing.delete('');
  const { ids, problems } = processIds(host);
  let links = 0;
  // Process 1 last: it also holds the sockets it opened for services, and the service's name says more.
  for (const id of [...ids.filter((each) => each !== 1), ...ids.filter((each) => each === 1)]) {
    if (missing.size === 0) break;
    await host.breathe();
    if (links > maxLinks) return { names, problems: [...problems, { path: '/proc/*/fd', code: 'LIMIT' }] };
    for (const descriptor of host.listDirectory(`/proc/${id}/fd`) ?? []) {
      links += 1;
      const inode = socketInode(host.readLink(`/proc/${id}/fd/${descriptor}`) ?? '');
      if (inode === null || !missing.delete(inode)) continue;
      names.set(inode, host.readText(`/proc/${id}/comm`, { maxBytes: 4096 })?.trim() ?? '');
    }
  }
  return { names, problems };
}
