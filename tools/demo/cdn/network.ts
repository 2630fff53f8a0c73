import { execFileSync, spawnSync } from 'node:child_process';

/** A region: a network namespace of its own, whose way to the others is long and loses packets. */
export interface Region {
  readonly name: string;
  readonly title: string;
  /** Of its only host, on which its edge and its agent are. */
  readonly address: string;
  /** Milliseconds of its way to the middle, in each direction. */
  readonly delayMs: number;
}

export const regions: readonly Region[] = [
  { name: 'americas', title: 'Americas', address: '10.91.1.1', delayMs: 45 },
  { name: 'emea', title: 'Europe, Middle East, Africa', address: '10.91.2.1', delayMs: 20 },
  { name: 'apac', title: 'Asia and Pacific', address: '10.91.3.1', delayMs: 80 },
];
/** Where the platform is. */
export const middle = '10.91.0.1';
const lossPercent = 0.5;

/**
 * Makes the regions, in the network namespace of this process, which nobody else may use (ip-netns(8), tc-netem(8)). Returns whether their
 * ways are long: minimal kernels cannot delay and lose packets.
 */
export function makeRegions(): boolean {
  ip('link set lo up');
  const isLong = hasNetem();
  ip('link add vedette type bridge');
  ip(`addr add ${middle}/16 dev vedette`);
  ip('link set vedette up');
  for (const { name, address, delayMs } of regions) {
    ip(`netns add ${name}`);
    ip(`link add ${name} type veth peer name eth0 netns ${name}`);
    ip(`link set ${name} master vedette up`);
    ip(`-n ${name} addr add ${address}/16 dev eth0`);
    ip(`-n ${name} link set lo up`);
    ip(`-n ${name} link set eth0 up`);
    if (!isLong) continue;
    const way = ['delay', `${delayMs}ms`, `${Math.round(delayMs / 10)}ms`, 'loss', `${lossPercent}%`];
    tc('qdisc', 'add', 'dev', name, 'root', 'netem', ...way);
    tc('-n', name, 'qdisc', 'add', 'dev', 'eth0', 'root', 'netem', ...way);
  }
  return isLong;
}

function hasNetem(): boolean {
  const isThere = spawnSync('tc', 'qdisc add dev lo root netem delay 1ms'.split(' '), { stdio: 'ignore' }).status === 0;
  if (isThere) tc('qdisc', 'del', 'dev', 'lo', 'root');
  return isThere;
}

/** Words that run a command in a region. */
export function inRegion({ name }: Region): readonly string[] {
  return ['ip', 'netns', 'exec', name];
}

function ip(words: string): void {
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
}

function tc(...args: string[]): void {
  execFileSync('tc', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
