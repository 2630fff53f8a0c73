import { closeSync, openSync } from 'node:fs';
import { cLibrary } from './c-library.ts';
import { watchDescriptor, type DescriptorWatch } from './descriptor-watch.ts';
import { readEvents } from './event-reader.ts';

/** Several changes within this time are told once. */
const settleMs = 100;
// socket(2): AF_NETLINK; SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC. rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR.
const netlinkFamily = 16;
const rawSocket = 3 | 0o4000 | 0o2000000;
const routeGroups = 0x1 | 0x10 | 0x100;

/** Tells of every change of links and addresses, through rtnetlink(7); also after messages were lost. Null where it is refused. */
export function watchInterfaces(onChange: () => void): DescriptorWatch | null {
  const c = cLibrary({
    socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    bind: { arguments: ['int32', 'pointer', 'uint32'], return: 'int32' },
  });
  const descriptor = c?.call.socket(netlinkFamily, rawSocket, 0) ?? -1;
  if (c === null || descriptor < 0) return null;
  const address = Buffer.alloc(12); // struct sockaddr_nl: family, padding, port, groups
  address.writeUInt16LE(netlinkFamily, 0);
  address.writeUInt32LE(routeGroups, 8);
  if (c.call.bind(descriptor, address, address.length) !== 0) {
    closeSync(descriptor);
    return null;
  }
  return readEvents(descriptor, onChange, onChange);
}

/**
 * Tells when a file of /proc changes that the kernel lets one wait for, as /proc/self/mountinfo (proc_pid_mountinfo(5)) and
 * /proc/sys/kernel/hostname. Null where it is refused.
 */
export function watchProcFile(path: string, onChange: () => void): DescriptorWatch | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return null;
  }
  const watch = watchDescriptor(descriptor, 'priority', { delayMs: settleMs, onReady: onChange });
  if (watch === null) {
    closeSync(descriptor);
    return null;
  }
  return {
    close: () => {
      watch.close();
      closeSync(descriptor);
    },
  };
}
