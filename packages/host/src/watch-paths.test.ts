import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync, type watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchPaths, type PathWatch, type WatchOptions } from './watch-paths.ts';

describe('watchPaths', () => {
  let directory = '';
  let current: PathWatch | null = null;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-watch-'));
  });
  afterEach(() => {
    current?.close();
    rmSync(directory, { recursive: true });
  });

  /** Watches, acts, and answers when `path` was told; a change that is never told fails by the test's time limit. */
  async function told(path: string, act: () => void, options: WatchOptions = {}): Promise<string[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const seen: string[] = [];
    current?.close();
    current = watchPaths(
      [path],
      (changed) => {
        seen.push(changed);
        resolve();
      },
      options,
    );
    // The watch keeps no process alive; the test has to.
    const alive = setInterval(() => undefined, 1000);
    act();
    await promise.finally(() => clearInterval(alive));
    return seen;
  }

  it('tells of a file replaced by rename, again and again', async () => {
    const file = join(directory, 'status');
    writeFileSync(file, '1');
    const replace = (): void => {
      writeFileSync(`${file}-new`, '2');
      renameSync(`${file}-new`, file);
    };
    expect(new Set(await told(file, replace))).toEqual(new Set([file]));
    expect(new Set(await told(file, replace))).toEqual(new Set([file]));
  });

  it('tells of a file in a directory that did not exist', async () => {
    const file = join(directory, 'run/deep/flag');
    await told(file, () => {
      mkdirSync(join(directory, 'run/deep'), { recursive: true });
      writeFileSync(file, '');
    });
    expect(current?.polled).toEqual([]);
  });

  it('tells of an entry in a watched directory', async () => {
    expect(await told(directory, () => writeFileSync(join(directory, 'x'), ''))).toContain(directory);
  });

  it('looks itself where events are refused, and says so', async () => {
    const file = join(directory, 'status');
    const fallbacks: string[] = [];
    const refuse = (() => {
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    }) as unknown as typeof watch; // stands in for the overloads of fs.watch
    const options = { watch: refuse, pollMs: 5, onFallback: (path: string) => fallbacks.push(path) };
    expect(await told(file, () => writeFileSync(file, '1'), options)).toEqual([file]);
    expect(fallbacks).toEqual([file]);
    expect(current?.polled).toEqual([file]);
  });
});
