import { closeSync, readSync } from 'node:fs';
import { cLibrary, lazily } from './c-library.ts';

const netlinkFamily = 16;
const rawNonBlocking = 3 | 0o4000 | 0o2000000;
const sockDiag = 4; // NETLINK_SOCK_DIAG
const byFamily = 20; // SOCK_DIAG_BY_FAMILY
const requestFlags = 0x1 | 0x300; // NLM_F_REQUEST | NLM_F_DUMP
const messageDone = 3;
const messageError = 2;
const headerBytes = 16;
const requestBytes = headerBytes + 56; // struct inet_diag_req_v2
const diagBytes = 72; // struct inet_diag_msg
const readBytes = 32 * 1024;

const load = lazily(() =>
  cLibrary({
    socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    send: { arguments: ['int32', 'pointer', 'uint64', 'int32'], return: 'int64' },
  }),
);

const families = [2, 10] as const; // AF_INET, AF_INET6
// TCP: those in state LISTEN. UDP: those without a peer, which the kernel counts as CLOSE. See the states of tcp_states.h.
const kinds = [
  { protocol: 6, states: 1 << 10 },
  { protocol: 17, states: 1 << 7 },
] as const;

/**
 * A text that differs when other sockets listen than before: from sock_diag(7), a hundredth of the cost of reading /proc/net. For TCP it also
 * differs when another socket listens on the same address, because another program may have taken it over; UDP sockets come and
 * go too often for that. Null where the kernel does not answer.
 */
export function listenerFingerprint(): string | null {
  const c = load();
  const descriptor = c?.call.socket(netlinkFamily, rawNonBlocking, sockDiag) ?? -1;
  if (c === null || descriptor < 0) return null;
  try {
    const found: string[] = [];
    for (const family of families) {
      for (const { protocol, states } of kinds) {
        const request = diagRequest(family, protocol, states);
        if (c.call.send(descriptor, request, BigInt(request.length), 0) < 0n) return null;
        if (!readAnswer(descriptor, protocol, found)) return null;
      }
    }
    return found.toSorted().join(' ');
  } catch {
    return null; // ENOENT: the kernel has no such diagnosis.
  } finally {
    closeSync(descriptor);
  }
}

function diagRequest(family: number, protocol: number, states: number): Buffer {
  const request = Buffer.alloc(requestBytes);
  request.writeUInt32LE(requestBytes, 0);
  request.writeUInt16LE(byFamily, 4);
  request.writeUInt16LE(requestFlags, 6);
  request.writeUInt8(family, headerBytes);
  request.writeUInt8(protocol, headerBytes + 1);
  request.writeUInt32LE(states, headerBytes + 4);
  return request;
}

/** The kernel has the whole answer ready before send(2) returns, so nothing has to be waited for. False when it refused. */
function readAnswer(descriptor: number, protocol: number, found: string[]): boolean {
  const buffer = Buffer.allocUnsafe(readBytes);
  for (;;) {
    const length = readSync(descriptor, buffer, 0, buffer.length, null);
    const end = parseAnswer(buffer.subarray(0, length), protocol, found);
    if (end !== null) return end === 'done';
  }
}

/** One datagram of the answer; null when more follow. */
function parseAnswer(bytes: Buffer, protocol: number, found: string[]): 'done' | 'refused' | null {
  for (let at = 0; at + headerBytes <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    const type = bytes.readUInt16LE(at + 4);
    if (type === messageDone) return 'done';
    if (type === messageError || length < headerBytes || at + length > bytes.length) return 'refused';
    if (length >= headerBytes + diagBytes) {
      const message = bytes.subarray(at + headerBytes, at + headerBytes + diagBytes);
      const port = message.readUInt16BE(4);
      const address = message.toString('hex', 8, 24);
      const inode = protocol === 6 ? message.readUInt32LE(68) : 0;
      found.push(`${message[0]}/${protocol}/${address}/${port}/${inode}`);
    }
    at += (length + 3) & ~3;
  }
  return null;
}
