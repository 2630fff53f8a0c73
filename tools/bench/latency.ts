import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { createActivationKey, getAsset, listAssets, type AssetId } from '@vedette/protocol';
import { agentProgram, eventually, PlatformProcess, type PrivateCopy, privateCopy } from '@vedette/testkit';

export const name = 'latency';
export const options = { changes: 'how many changes; 40 by default' };

/** Milliseconds until the platform's API shows a change. */
interface Latency {
  readonly changes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
}

interface Change {
  readonly kind: string;
  /** Whose sequence the platform counts on. */
  readonly collector: string;
  /** A program's changes count from its end, others from before their one command starts. */
  readonly countsFrom: 'end' | 'start';
  readonly make: (copy: PrivateCopy, number: number) => Promise<unknown>;
}

const pollMs = 5;
const patienceMs = 30_000;

/**
 * Real changes in a private copy of the machine, with the real agent and the real platform over loopback. A run of apt or dpkg counts from
 * its end, when it has settled; the change of a file from before the command that makes it. Visible is what the public API answers,
 * asked every five milliseconds. Listening sockets are not among them: the kernel is asked for those every five seconds.
 */
export async function run({ changes = 40 }: { changes?: number } = {}): Promise<object> {
  const program = agentProgram();
  await using platform = await PlatformProcess.start();
  await using copy = await privateCopy();
  const key = await platform.client.call(createActivationKey, { body: { name: 'latency', maxUses: 1 } });
  const agent = copy.start(program, ['run', '--platform', platform.url, '--state-dir', '/var/lib/vedette-agent'], {
    environment: { VEDETTE_ACTIVATION_KEY: key.secret },
  });
  drain(agent);
  const assetId = await eventually('the first inventory', 60_000, async () => {
    const { items } = await platform.client.call(listAssets, { query: {} });
    return items[0] && items[0].packages > 0 ? items[0].assetId : null;
  });
  await buildPackages(copy, changes);
  await delay(2_000);
  const times = new Map<string, number[]>();
  for (let number = 0; number < changes; number++) {
    const change = kinds[number % kinds.length];
    if (change === undefined) continue;
    const milliseconds = await measure(platform, copy, assetId, { change, number });
    times.set(change.kind, [...(times.get(change.kind) ?? []), milliseconds]);
  }
  const all = summary([...times.values()].flat());
  return { ...all, byKind: Object.fromEntries([...times].map(([kind, values]) => [kind, summary(values)])) };
}

const kinds: readonly Change[] = [
  {
    kind: 'dpkg -i',
    collector: 'dpkg',
    countsFrom: 'end',
    make: (copy, number) => copy.run('dpkg', ['-i', packageFile(number)]),
  },
  {
    kind: 'user added',
    collector: 'user',
    countsFrom: 'start',
    make: (copy, number) =>
      copy.run('sh', ['-c', `echo "latency${number}:x:${20_000 + number}:100::/:/bin/false" >>/etc/passwd`]),
  },
  {
    kind: 'apt-get install',
    collector: 'dpkg',
    countsFrom: 'end',
    make: (copy, number) => copy.run('apt-get', ['install', '-y', '-qq', '--allow-downgrades', packageFile(number)]),
  },
  {
    kind: 'service added',
    collector: 'service',
    countsFrom: 'start',
    make: (copy, number) => copy.run('install', ['-m', '755', '/bin/true', `/etc/init.d/latency-${number}`]),
  },
  {
    kind: 'kernel added',
    collector: 'kernel',
    countsFrom: 'start',
    make: (copy, number) => copy.run('touch', [`/boot/vmlinuz-1.0.${number}-latency`]),
  },
  {
    kind: 'account renamed by rename(2)',
    collector: 'user',
    countsFrom: 'start',
    make: (copy, number) =>
      copy.run('sh', [
        '-c',
        `sed 's/^latency[^:]*:/latency-${number}-&/' /etc/passwd >/etc/passwd.new && mv /etc/passwd.new /etc/passwd`,
      ]),
  },
];

async function measure(
  platform: PlatformProcess,
  copy: PrivateCopy,
  assetId: AssetId,
  { change, number }: { change: Change; number: number },
): Promise<number> {
  const sequence = async (): Promise<number> => {
    const { agent } = await platform.client.call(getAsset, { params: { assetId } });
    return agent?.collectors.find(({ name: collector }) => collector === change.collector)?.sequence ?? 0;
  };
  const before = await sequence();
  let from = performance.now();
  const made = change.make(copy, number).then(() => {
    if (change.countsFrom === 'end') from = performance.now();
  });
  // One that is seen before its program has ended counts as 0.
  const seen = (async () => {
    const deadline = performance.now() + patienceMs;
    while ((await sequence()) === before) {
      if (performance.now() > deadline) throw new Error(`${change.kind}: not visible within ${patienceMs / 1000} s`);
      await delay(pollMs);
    }
    return performance.now();
  })();
  await made;
  return Math.max(0, (await seen) - from);
}

/** A package in as many versions as are installed one after the other. */
async function buildPackages(copy: PrivateCopy, count: number): Promise<void> {
  const script = `set -e; mkdir -p /var/tmp/latency/DEBIAN; cd /var/tmp
    for n in $(seq 0 ${count - 1}); do
      printf 'Package: vedette-latency\\nVersion: 1.%s\\nArchitecture: all\\nMaintainer: nobody <nobody@vedette.example>\\nDescription: measures\\n' "$n" >latency/DEBIAN/control
      dpkg-deb -b latency "latency_$n.deb" >/dev/null
    done`;
  await copy.run('sh', ['-c', script]);
}

function packageFile(number: number): string {
  return `/var/tmp/latency_${number}.deb`;
}

function drain(agent: ChildProcess): void {
  agent.stdout?.resume();
  agent.stderr?.pipe(process.stderr);
}

function summary(values: readonly number[]): Latency {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return { changes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
}
