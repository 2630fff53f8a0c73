import { dirname } from 'node:path';
import type { Disk } from '../../apps/agent/src/upgrade/disk.ts';

/** The process or the machine ends here. */
export class Crash extends Error {}

/** A sync that is left out, to see that somebody notices. */
export type ForgottenSync = 'file' | 'directory' | null;

interface Inode {
  content: Buffer;
  /** What a power cut leaves for certain; null before the first sync. */
  durable: Buffer | null;
}

type Entry = Inode | 'directory';

/** A change of names that a power cut may undo; it is undone as a whole. */
interface Pending {
  /** Lasts once each of these was synced. */
  readonly directories: Set<string>;
  readonly changes: readonly (readonly [path: string, entry: Entry | null])[];
}

/**
 * A disk in memory that ends the process before, or in the middle of, a chosen step, and at a power cut loses any part of what was not
 * synced: names one by one, contents as a whole, in part, or as zeros. A rename is atomic; nothing else is.
 */
export class FaultyDisk implements Disk {
  readonly #root: string;
  readonly #forgets: ForgottenSync;
  #entries = new Map<string, Entry>();
  #durable = new Map<string, Entry>();
  #pending: Pending[] = [];
  #steps = 0;
  #crashAt = Infinity;

  constructor(root: string, forgets: ForgottenSync = null) {
    this.#root = root;
    this.#forgets = forgets;
    for (const path of [root, dirname(root)]) for (const map of [this.#entries, this.#durable]) map.set(path, 'directory');
  }

  /** Steps so far that a crash can come before. */
  get steps(): number {
    return this.#steps;
  }

  crashAt(step: number): void {
    this.#crashAt = step;
  }

  /** What is there after the power came back. `random` from 0 up to 1 decides for each thing that was not synced. */
  cutPower(random: () => number): void {
    for (const { changes } of this.#pending)
      if (random() < 0.5) for (const [path, entry] of changes) put(this.#durable, path, entry);
    for (const [path, entry] of this.#durable) {
      if (entry === 'directory') continue;
      const content = survivor(entry, random);
      this.#durable.set(path, { content, durable: content });
    }
    this.#pending = [];
    const reachable = [...this.#durable].filter(([path]) => this.#isReachable(path));
    this.#durable = new Map(reachable);
    this.#entries = new Map(reachable);
  }

  /** Files below the root, as they are. */
  files(): Map<string, Buffer> {
    return new Map(
      [...this.#entries].flatMap(([path, entry]) => (entry === 'directory' ? [] : [[path, entry.content] as const])),
    );
  }

  read(path: string): Buffer | null {
    const entry = this.#entries.get(path);
    return entry === undefined || entry === 'directory' ? null : entry.content;
  }

  size(path: string): number | null {
    return this.read(path)?.length ?? null;
  }

  list(path: string): string[] {
    return [...this.#entries.keys()].flatMap((one) => (dirname(one) === path ? [one.slice(path.length + 1)] : []));
  }

  write(path: string, content: Uint8Array): void {
    this.#step();
    const found = this.#entries.get(path);
    const inode: Inode = found === undefined || found === 'directory' ? { content: Buffer.of(), durable: null } : found;
    inode.content = Buffer.of();
    if (found === undefined) this.#change([dirname(path)], [[path, inode]]);
    this.#fill(inode, content);
  }

  append(path: string, content: Uint8Array): void {
    if (this.#entries.get(path) === undefined) return this.write(path, content);
    this.#step();
    this.#fill(this.#inode(path), content);
  }

  link(from: string, to: string): void {
    this.#step();
    this.#change([dirname(to)], [[to, this.#inode(from)]]);
  }

  rename(from: string, to: string): void {
    this.#step();
    this.#change(
      [dirname(from), dirname(to)],
      [
        [from, null],
        [to, this.#inode(from)],
      ],
    );
  }

  makeDirectory(path: string): void {
    if (this.#entries.has(path)) return;
    if (path !== this.#root) this.makeDirectory(dirname(path));
    this.#step();
    this.#change([dirname(path)], [[path, 'directory']]);
  }

  remove(path: string): void {
    const below = [...this.#entries.keys()].filter((one) => one === path || one.startsWith(`${path}/`));
    for (const one of below.toSorted((a, b) => b.length - a.length)) {
      this.#step();
      this.#change([dirname(one)], [[one, null]]);
    }
  }

  syncFile(path: string): void {
    this.#step();
    const inode = this.#inode(path);
    if (this.#forgets !== 'file') inode.durable = inode.content;
  }

  syncDirectory(path: string): void {
    this.#step();
    if (this.#entries.get(path) !== 'directory') throw new Error(`${path} is no directory`);
    if (this.#forgets === 'directory') return;
    for (const { directories } of this.#pending) directories.delete(path);
    for (const { directories, changes } of this.#pending)
      if (directories.size === 0) for (const [name, entry] of changes) put(this.#durable, name, entry);
    this.#pending = this.#pending.filter(({ directories }) => directories.size > 0);
  }

  /** Something else than the agent has written, and it lasts. */
  place(path: string, content: Buffer): void {
    const inode: Inode = { content, durable: content };
    for (const map of [this.#entries, this.#durable]) map.set(path, inode);
  }

  #fill(inode: Inode, content: Uint8Array): void {
    const before = inode.content;
    inode.content = Buffer.concat([before, content.subarray(0, Math.floor(content.length / 2))]);
    this.#step();
    inode.content = Buffer.concat([before, content]);
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps >= this.#crashAt) throw new Crash(`at step ${this.#steps}`);
  }

  #change(directories: readonly string[], changes: Pending['changes']): void {
    for (const [path, entry] of changes) put(this.#entries, path, entry);
    this.#pending.push({ directories: new Set(directories), changes });
  }

  #inode(path: string): Inode {
    const entry = this.#entries.get(path);
    if (entry === undefined || entry === 'directory') throw new Error(`there is no file ${path}`);
    return entry;
  }

  #isReachable(path: string): boolean {
    if (path === this.#root || path === dirname(this.#root)) return true;
    return this.#durable.get(dirname(path)) === 'directory' && this.#isReachable(dirname(path));
  }
}

function put(map: Map<string, Entry>, path: string, entry: Entry | null): void {
  if (entry === null) map.delete(path);
  else map.set(path, entry);
}

function survivor({ content, durable }: Inode, random: () => number): Buffer {
  if (durable === content) return content;
  const dice = random();
  if (dice < 0.3) return durable ?? Buffer.of();
  if (dice < 0.5) return content;
  if (dice < 0.8) return content.subarray(0, Math.floor(random() * content.length));
  return Buffer.alloc(content.length);
}
