import type { Collector } from './collector.ts';
import { apk } from './apk/index.ts';
import { appBundle } from './app-bundle/index.ts';
import { certificate } from './certificate/index.ts';
import { container } from './container/index.ts';
import { dpkg } from './dpkg/index.ts';
import { fileSystem } from './file-system/index.ts';
import { firmware } from './firmware/index.ts';
import { hardware } from './hardware/index.ts';
import { kernel } from './kernel/index.ts';
import { kernelModule } from './kernel-module/index.ts';
import { listeningSocket } from './listening-socket/index.ts';
import { loadedLibrary } from './loaded-library/index.ts';
import { mount } from './mount/index.ts';
import { networkInterface } from './network-interface/index.ts';
import { os } from './os/index.ts';
import { posture } from './posture/index.ts';
import { restart } from './restart/index.ts';
import { rpm } from './rpm/index.ts';
import { scheduledTask } from './scheduled-task/index.ts';
import { service } from './service/index.ts';
import { sshHostKey } from './ssh-host-key/index.ts';
import { user } from './user/index.ts';

/** Every collector of this release, in the order in which a first inventory runs them: what findings need comes first. */
export const collectors: readonly Collector[] = [
  os,
  dpkg,
  rpm,
  apk,
  kernel,
  restart,
  hardware,
  networkInterface,
  listeningSocket,
  service,
  user,
  fileSystem,
  appBundle,
  container,
  kernelModule,
  certificate,
  sshHostKey,
  scheduledTask,
  mount,
  firmware,
  loadedLibrary,
  posture,
];
