import type { Collector } from './collector.ts';
import { dpkg } from './dpkg/index.ts';
import { fileSystem } from './file-system/index.ts';
import { hardware } from './hardware/index.ts';
import { kernel } from './kernel/index.ts';
import { listeningSocket } from './listening-socket/index.ts';
import { networkInterface } from './network-interface/index.ts';
import { os } from './os/index.ts';
import { restart } from './restart/index.ts';
import { service } from './service/index.ts';
import { user } from './user/index.ts';

/** Every collector of this release, in the order in which a first inventory runs them: what findings need comes first. */
export const collectors: readonly Collector[] = [
  os,
  dpkg,
  kernel,
  restart,
  hardware,
  networkInterface,
  listeningSocket,
  service,
  user,
  fileSystem,
];
