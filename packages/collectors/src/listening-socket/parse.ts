import { wholeNumber } from '../shared/whole-number.ts';

export type SocketProtocol = 'tcp' | 'tcp6' | 'udp' | 'udp6';

export interface ListeningSocket {
  readonly protocol: SocketProtocol;
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  /** Empty for sockets of the kernel itself. */
  readonly inode: string;
}

/** Rows of one table that are looked at; a host with as many listeners has other worries. */
const maxSockets = 10_000;

// include/net/tcp_states.h: TCP_LISTEN; an unconnected UDP socket is in TCP_CLOSE.
const waitingState: Record<SocketProtocol, string> = { tcp: '0A', tcp6: '0A', udp: '07', udp6: '07' };

/**
 * Sockets that wait for peers, from a table of /proc/net (proc_pid_net(5)). Lines that are not of its form are skipped and counted
 * in `malformed`.
 */
export function parseSocketTable(text: string, protocol: SocketProtocol): { sockets: ListeningSocket[]; malformed: number } {
  const sockets: ListeningSocket[] = [];
  let malformed = 0;
  for (const line of text.split('\n').slice(1)) {
    if (line === '' || sockets.length >= maxSockets) continue;
    const [, local = '', , state = '', , , , uidText = '', , inode = ''] = line.slice(0, 1024).trim().split(/ +/);
    if (state !== waitingState[protocol]) continue;
    const endpoint = parseEndpoint(local);
    const uid = wholeNumber(uidText, 0xffff_ffff);
    if (endpoint === null || uid === null || !/^[0-9]{1,20}$/.test(inode)) malformed += 1;
    else sockets.push({ protocol, ...endpoint, uid, inode: inode === '0' ? '' : inode });
  }
  return { sockets, malformed };
}

/** `0100007F:0016` → 127.0.0.1, 22. The address is in 32-bit words of the machine's order, which is little endian on all we run on. */
function parseEndpoint(text: string): { address: string; port: number } | null {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text);
  if (match === null) return null;
  const [, hexadecimal = '', port = ''] = match;
  const bytes = Array.from({ length: hexadecimal.length / 2 }, (_, index) => {
    const offset = (index - (index % 4) + 3 - (index % 4)) * 2;
    return Number.parseInt(hexadecimal.slice(offset, offset + 2), 16);
  });
  return { address: bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes), port: Number.parseInt(port, 16) };
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`; mapped IPv4 dotted. */
function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return `::ffff:${bytes.slice(12).join('.')}`;
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = groups.map((group) => group.toString(16));
  if (best.length === 1) return text.join(':');
  return `${text.slice(0, best.start).join(':')}::${text.slice(best.start + best.length).join(':')}`;
}

/** The inode of a link such as `socket:[12345]` in /proc/PID/fd; null for other files. */
export function socketInode(link: string): string | null {
  return /^socket:\[([0-9]{1,20})\]$/.exec(link)?.[1] ?? null;
}
