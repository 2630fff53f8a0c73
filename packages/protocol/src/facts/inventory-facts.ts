import { z } from 'zod';
import { defineFact, text, textList } from './fact.ts';

/** Kinds of facts that describe a machine beyond its packages. None carries a secret: what a file holds is never sent, only what is listed here. */

const bundleFact = defineFact({
  name: 'app-bundle',
  version: 1,
  describes: 'Applications in bundles of their own: snaps and flatpaks.',
  key: ['manager', 'name', 'version'],
  row: z.object({
    manager: z.enum(['snap', 'flatpak']),
    name: text,
    version: text.meta({ description: 'What the application calls its version; empty when the bundle does not say' }),
    revision: text.meta({ description: 'Revision of the snap store, commit of the flatpak' }),
    branch: text.meta({ description: 'Branch of the flatpak; empty for snaps' }),
    active: z.boolean().meta({ description: 'False for an older revision that is kept' }),
  }),
});

const kernelModuleFact = defineFact({
  name: 'kernel-module',
  version: 1,
  describes: 'Loaded modules of the kernel.',
  key: ['name'],
  row: z.object({
    name: text,
    version: text.meta({ description: 'As the module states it; empty when it states none' }),
    sizeBytes: z.int().min(0),
    usedBy: textList.meta({ description: 'Modules that need it, sorted' }),
    taints: text.meta({ description: 'Letters as in proc_modules(5): O out of tree, E unsigned, P proprietary; empty for none' }),
  }),
});

const scheduledTaskFact = defineFact({
  name: 'scheduled-task',
  version: 1,
  describes:
    'What runs by the clock: lines of cron, files of the cron directories, timers of systemd. Of a command only its program and a hash, since lines of cron carry passwords.',
  key: ['kind', 'source', 'schedule', 'user', 'commandHash'],
  row: z.object({
    kind: z.enum(['cron', 'timer']),
    source: text.meta({ description: 'File that says so' }),
    schedule: text.meta({
      description: 'Five fields or @word of crontab(5), the name of the directory, or the lines of the timer',
    }),
    user: text.meta({ description: 'Who it runs as; empty for a timer, whose service says so' }),
    program: text.meta({ description: 'First word of the command, the file, or the unit that is started' }),
    commandHash: text.meta({ description: 'SHA-256 of the command; empty where there is none' }),
  }),
});

const certificateFact = defineFact({
  name: 'certificate',
  version: 1,
  describes: 'X.509 certificates in the usual places, except the authorities that come with the system.',
  key: ['path', 'fingerprint'],
  row: z.object({
    path: text,
    fingerprint: text.meta({ description: 'SHA-256 of the certificate, lower-case hexadecimal' }),
    subject: text,
    issuer: text,
    serial: text,
    notBefore: text.meta({ description: 'RFC 3339' }),
    notAfter: text.meta({ description: 'RFC 3339' }),
    keyType: text.meta({ description: 'rsa, ec, ed25519, ed448, dsa; an object identifier for others' }),
    keyBits: z.int().min(0).meta({ description: '0 where it is not known' }),
    signature: text.meta({
      description: 'Algorithm of the signature, as in sha256WithRSAEncryption; an object identifier for others',
    }),
    isAuthority: z.boolean(),
    names: textList.meta({ description: 'Subject alternative names: DNS names and addresses' }),
  }),
});

const mountFact = defineFact({
  name: 'mount',
  version: 1,
  describes: 'Every mount of the system with its options, except those of containers.',
  key: ['mount'],
  row: z.object({
    mount: text,
    source: text,
    type: text,
    options: textList.meta({ description: 'Of the mount and the file system, sorted; what looks like a credential is left out' }),
  }),
});

const containerFact = defineFact({
  name: 'container',
  version: 1,
  describes: 'Containers, from the files that docker, podman and containerd keep. Never their environment or arguments.',
  key: ['engine', 'id'],
  row: z.object({
    engine: z.enum(['docker', 'podman', 'containerd']),
    id: text,
    name: text,
    image: text.meta({ description: 'Image as it was asked for' }),
    imageId: text,
    state: z.enum(['running', 'stopped', 'unknown']),
    privileged: z.boolean().nullable().meta({ description: 'Null where the files do not say' }),
    networkMode: text,
    startedAt: text.meta({ description: 'RFC 3339; empty when it is not known' }),
  }),
});

const sshHostKeyFact = defineFact({
  name: 'ssh-host-key',
  version: 1,
  describes: 'Public host keys of the SSH server.',
  key: ['path'],
  row: z.object({
    path: text,
    type: text.meta({ description: 'ssh-ed25519, ssh-rsa …' }),
    bits: z.int().min(0),
    fingerprint: text.meta({ description: 'As ssh-keygen -l prints it: SHA256:…' }),
  }),
});

const firmwareFact = defineFact({
  name: 'firmware',
  version: 1,
  describes: 'Firmware, board and cloud the system runs in. Nobody is asked over the network.',
  key: [],
  row: z.object({
    biosVendor: text,
    biosVersion: text,
    biosDate: text.meta({ description: 'As the firmware states it, mostly MM/DD/YYYY' }),
    boot: z.enum(['uefi', 'bios', 'unknown']),
    secureBoot: z.enum(['on', 'off', 'unknown']),
    board: text.meta({ description: 'Vendor and name of the main board' }),
    chassis: text.meta({ description: 'desktop, laptop, server …; empty when unknown' }),
    microcode: text.meta({ description: 'Revision of the microcode of the first processor' }),
    hypervisor: text.meta({ description: 'As /sys/hypervisor/type names it; empty where there is none' }),
    cloud: text.meta({ description: 'Provider as cloud-init names it, or told by the firmware: aws, azure, gcp …' }),
    cloudInstance: text,
    cloudRegion: text,
    cloudZone: text,
  }),
});

const loadedLibraryFact = defineFact({
  name: 'loaded-library',
  version: 1,
  describes: 'Libraries and programs that processes execute from: tells what is used of what is installed.',
  key: ['path', 'old'],
  row: z.object({
    path: text,
    old: z.boolean().meta({ description: 'Replaced on disk since: the processes still run the version of before' }),
    programs: textList.meta({ description: 'Executables that have it loaded, sorted; at most 32' }),
  }),
});

/** The same, by collector name. */
export const inventoryFacts = {
  'app-bundle': bundleFact,
  'kernel-module': kernelModuleFact,
  'scheduled-task': scheduledTaskFact,
  certificate: certificateFact,
  mount: mountFact,
  container: containerFact,
  'ssh-host-key': sshHostKeyFact,
  firmware: firmwareFact,
  'loaded-library': loadedLibraryFact,
} as const;
