import { z } from 'zod';
import { defineFact, text, textList } from './fact.ts';
import { inventoryFacts } from './inventory-facts.ts';
import { apkFact, rpmFact } from './package-facts.ts';
import { postureFact } from './posture-facts.ts';

/** The kinds of facts of the first release. What the platform understands; an unknown kind is stored as it came. */

export const osFact = defineFact({
  name: 'os',
  version: 1,
  describes: 'Operating system identity, from os-release(5).',
  key: [],
  row: z.object({
    id: text.meta({ description: 'ID of os-release: debian, ubuntu …' }),
    idLike: text,
    versionId: text.meta({ description: 'VERSION_ID; empty on testing and unstable' }),
    codename: text.meta({ description: 'VERSION_CODENAME' }),
    prettyName: text,
    hostname: text,
    architecture: text.meta({ description: 'As the package manager names it: amd64, arm64 …' }),
  }),
});

export const dpkgStates = [
  'installed',
  'triggers-pending',
  'triggers-awaited',
  'half-configured',
  'unpacked',
  'half-installed',
  'config-files',
] as const;

export const dpkgFact = defineFact({
  name: 'dpkg',
  version: 1,
  describes: 'Debian packages known to dpkg, except those not installed at all.',
  key: ['name', 'architecture'],
  row: z.object({
    name: text,
    version: text.meta({ description: '[epoch:]upstream[-revision], as dpkg prints it' }),
    architecture: text,
    source: text.meta({ description: 'Source package; the package itself where the database names none' }),
    sourceVersion: text.meta({ description: 'Version of the source package, which advisories speak of' }),
    state: z.enum(dpkgStates).meta({ description: 'Third word of the Status field, see dpkg(1)' }),
  }),
});

export const kernelFact = defineFact({
  name: 'kernel',
  version: 1,
  describes: 'The running kernel and the installed ones.',
  key: ['release', 'running'],
  row: z.object({
    release: text.meta({ description: 'As uname -r prints it' }),
    running: z.boolean(),
    version: text.meta({ description: 'Package version that the kernel itself states; empty when it states none' }),
    banner: text.meta({ description: 'uname -v of the running kernel; empty for others' }),
  }),
});

export const restartFact = defineFact({
  name: 'restart',
  version: 1,
  describes: 'What waits for a restart: reboot flags, an older kernel still running, processes that use deleted libraries.',
  key: ['kind', 'subject'],
  row: z.object({
    kind: z.enum(['flag', 'kernel', 'process']),
    subject: text.meta({ description: 'Flag file, newest installed kernel, or executable' }),
    detail: textList.meta({ description: 'Packages that asked, the running kernel, or the libraries in old versions' }),
    processes: z.int().min(0).meta({ description: 'How many processes of this executable; 0 for other kinds' }),
  }),
});

export const networkInterfaceFact = defineFact({
  name: 'network-interface',
  version: 1,
  describes: 'Network interfaces with their addresses.',
  key: ['name'],
  row: z.object({
    name: text,
    mac: text,
    state: text.meta({ description: 'operstate: up, down, unknown …' }),
    mtu: z.int(),
    addresses: textList.meta({ description: 'Address/prefix, IPv4 before IPv6, sorted' }),
  }),
});

export const listeningSocketFact = defineFact({
  name: 'listening-socket',
  version: 1,
  describes: 'Sockets that wait for peers: listening TCP and bound UDP.',
  key: ['protocol', 'address', 'port'],
  row: z.object({
    protocol: z.enum(['tcp', 'tcp6', 'udp', 'udp6']),
    address: text,
    port: z.int().min(0).max(65535),
    process: text.meta({ description: 'Name of the process; empty when it could not be seen' }),
    uid: z.int().min(0),
  }),
});

export const serviceFact = defineFact({
  name: 'service',
  version: 1,
  describes: 'System services, as the service manager or its files on disk know them.',
  key: ['name'],
  row: z.object({
    name: text,
    manager: z.enum(['systemd', 'sysv']),
    enabled: z.enum(['enabled', 'disabled', 'static', 'masked', 'unknown']),
    active: z.enum(['active', 'inactive', 'failed', 'unknown']),
  }),
});

export const userFact = defineFact({
  name: 'user',
  version: 1,
  describes: 'Local accounts. Never a password hash.',
  key: ['name'],
  row: z.object({
    name: text,
    uid: z.int().min(0),
    gid: z.int().min(0),
    home: text,
    shell: text,
    password: z.enum(['none', 'locked', 'set', 'unknown']),
    groups: textList.meta({ description: 'Supplementary groups, sorted' }),
  }),
});

export const hardwareFact = defineFact({
  name: 'hardware',
  version: 1,
  describes: 'The machine itself: vendor, processor, memory, virtualisation, when it was started.',
  key: [],
  row: z.object({
    vendor: text,
    product: text,
    biosVersion: text,
    cpuModel: text,
    cpuCount: z.int().min(0),
    memoryBytes: z.int().min(0),
    virtualization: text.meta({ description: 'kvm, vmware, docker …; empty on bare metal or when unknown' }),
    machineId: text.meta({ description: 'SHA-256 of /etc/machine-id, so that the id itself stays on the host' }),
    bootedAt: text.meta({ description: 'RFC 3339, to the minute; uptime is the time since then' }),
  }),
});

export const fileSystemFact = defineFact({
  name: 'file-system',
  version: 1,
  describes: 'Mounted file systems that hold data.',
  key: ['mount'],
  row: z.object({
    mount: text,
    device: text,
    type: text,
    sizeBytes: z.int().min(0),
    usedPercent: z.int().min(0).max(100).meta({ description: 'Rounded to 5, so that a breathing disk is not a change' }),
  }),
});

/** Every kind of fact of this release, by collector name. */
export const facts = {
  os: osFact,
  dpkg: dpkgFact,
  rpm: rpmFact,
  apk: apkFact,
  kernel: kernelFact,
  restart: restartFact,
  'network-interface': networkInterfaceFact,
  'listening-socket': listeningSocketFact,
  service: serviceFact,
  user: userFact,
  hardware: hardwareFact,
  'file-system': fileSystemFact,
  ...inventoryFacts,
  posture: postureFact,
} as const;

export type FactName = keyof typeof facts;
export type DpkgPackage = z.infer<typeof dpkgFact.row>;
export type Kernel = z.infer<typeof kernelFact.row>;
export type OsIdentity = z.infer<typeof osFact.row>;
