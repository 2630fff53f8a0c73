import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventSources, watchPaths, type EventSource, type PathWatch } from './watch-paths.ts';

const root = process.platform === 'linux' && process.getuid?.() === 0;
const inotify = eventSources.filter(({ way }) => way === 'inotify');
const ways = [
  ['fanotify', eventSources, root],
  ['inotify', inotify, process.platform === 'linux'],
  ['polling', [], true],
] as const;

describe.each(ways)('watchPaths by %s', (way, sources: readonly EventSource[], isPossible) => {
  let directory = '';
  let current: PathWatch | null = null;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-watch-'));
  });
  afterEach(() => {
    current?.close();
    rmSync(directory, { recursive: true });
  });

  function watch(path: string, onChange: (changed: string) => void): void {
    current?.close();
    current = watchPaths([path], onChange, { sources, pollMs: 5, onOverflow: () => undefined });
  }

  /** Acts, and answers when the watch told something; a change that is never told fails by the test's time limit. */
  async function told(path: string, act: () => void): Promise<string[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const seen = new Set<string>();
    watch(path, (changed) => {
      seen.add(changed);
      resolve();
    });
    await happened(promise, act);
    return [...seen];
  }

  async function happened(promise: Promise<void>, act: () => void): Promise<void> {
    // The watch keeps no process alive; the test has to.
    const alive = setInterval(() => undefined, 1000);
    act();
    await promise.finally(() => clearInterval(alive));
  }

  it.runIf(isPossible)('tells of a file replaced by rename, again and again', async () => {
    const file = join(directory, 'status');
    writeFileSync(file, '1');
    const replace = (): void => {
      writeFileSync(`${file}-new`, '2');
      renameSync(`${file}-new`, file);
    };
    expect(await told(file, replace)).toEqual([file]);
    expect(current?.ways()).toEqual(new Map([[file, way]]));
    expect(await told(file, replace)).toEqual([file]);
  });

  it.runIf(isPossible)('tells of a file in a directory that did not exist', async () => {
    const file = join(directory, 'run/deep/flag');
    const make = (): void => {
      mkdirSync(join(directory, 'run/deep'), { recursive: true });
      writeFileSync(file, '');
    };
    expect(await told(file, make)).toEqual([file]);
    expect(await told(file, () => rmSync(join(directory, 'run'), { recursive: true }))).toEqual([file]);
  });

  it.runIf(isPossible)('follows a directory that another one of the same name has replaced', async () => {
    const inside = join(directory, 'inside');
    mkdirSync(inside);
    let times = 0;
    let next = Promise.withResolvers<void>();
    watch(inside, () => {
      times += 1;
      next.resolve();
    });
    await happened(next.promise, () => {
      mkdirSync(`${inside}-new`);
      renameSync(inside, `${inside}-old`);
      renameSync(`${inside}-new`, inside);
    });
    const before = times;
    next = Promise.withResolvers<void>();
    await happened(next.promise, () => writeFileSync(join(inside, 'file'), ''));
    expect(times).toBeGreaterThan(before);
  });

  it.runIf(isPossible)('tells of an entry in a watched directory, also through a symbolic link to it', async () => {
    expect(await told(directory, () => writeFileSync(join(directory, 'x'), ''))).toContain(directory);
    mkdirSync(join(directory, 'real'));
    symlinkSync('real', join(directory, 'link'));
    const link = join(directory, 'link');
    expect(await told(link, () => writeFileSync(join(directory, 'real/x'), ''))).toContain(link);
  });

  // Polling looks at what is named, not below it.
  // oxlint-disable-next-line vitest/no-conditional-tests -- a test that is skipped would look like one that is missing
  if (way !== 'polling') {
    it.runIf(isPossible)('tells of a change anywhere below a tree, also in a new directory', async () => {
      const tree = `${directory}/**`;
      mkdirSync(join(directory, 'a/b'), { recursive: true });
      expect(await told(tree, () => writeFileSync(join(directory, 'a/b/x'), ''))).toContain(tree);
    });
  }

  it.runIf(isPossible && root)('tells of a file on a file system mounted over the watched directory', async () => {
    const point = join(directory, 'mounted');
    mkdirSync(point);
    execFileSync('mount', ['-t', 'tmpfs', 'vedette-test', point]);
    try {
      expect(await told(join(point, 'x'), () => writeFileSync(join(point, 'x'), ''))).toEqual([join(point, 'x')]);
    } finally {
      execFileSync('umount', [point]);
    }
  });
});

describe('watchPaths', () => {
  it('uses for each directory the best source that takes it, and says so', () => {
    const taking = (prefix: string) => () => ({
      add: (directory: string) => directory.startsWith(prefix),
      remove: () => undefined,
      close: () => undefined,
    });
    const sources: EventSource[] = [
      { way: 'fanotify', open: taking('/usr') },
      { way: 'inotify', open: taking('/etc') },
    ];
    const paths = ['/usr/bin', '/usr', '/etc/passwd', '/etc/nothing/there', '/proc/version'];
    const watch = watchPaths(paths, () => undefined, { sources, onOverflow: () => undefined });
    expect(watch.ways()).toEqual(
      new Map([
        ['/usr/bin', 'fanotify'],
        ['/usr', 'polling'], // the root, where it could be replaced, is not taken
        ['/etc/passwd', 'inotify'],
        ['/etc/nothing/there', 'inotify'],
        ['/proc/version', 'polling'],
      ]),
    );
    watch.close();
  });

  it('watches anew and says so when the kernel lost events', () => {
    let overflow = (): void => undefined;
    let added = 0;
    let lost = 0;
    const open: EventSource['open'] = ({ onOverflow }) => {
      overflow = onOverflow;
      return { add: () => (added += 1) > 0, remove: () => undefined, close: () => undefined };
    };
    const onOverflow = (): void => void (lost += 1);
    const watch = watchPaths(['/etc/passwd'], () => undefined, { sources: [{ way: 'inotify', open }], onOverflow });
    overflow();
    expect({ added, lost }).toEqual({ added: 2, lost: 1 });
    watch.close();
    overflow();
    expect(lost).toBe(1);
  });
});
