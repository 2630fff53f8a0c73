import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostEvents, type Watch } from '@vedette/collectors';
import { eventually } from '@vedette/testkit';
import { watchHost } from './watch-host.ts';

const onOverflow = (): void => undefined;

describe.runIf(process.platform === 'linux')('watchHost', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-host-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('tells of files and of what is no file', async () => {
    const file: Watch = `/${join(directory, 'file').slice(1)}`;
    const seen = new Set<Watch>();
    using watch = watchHost([file, ...hostEvents], (change) => void seen.add(change), { onOverflow, pollMs: 20 });
    writeFileSync(file, '');
    const server = createServer().listen(0, '127.0.0.1');
    await eventually('both changes', 10_000, () => (seen.has(file) && seen.has('listeners') ? true : null));
    server.close();
    const ways = watch.ways();
    expect(['fanotify', 'inotify']).toContain(ways.get(file));
    expect([...hostEvents].map((event) => ways.get(event))).toEqual(['kernel', 'polling', 'kernel', 'kernel']);
  });

  it('asks somebody to look regularly where the kernel tells nothing, and says so', async () => {
    const seen = new Set<Watch>();
    using watch = watchHost(hostEvents, (change) => void seen.add(change), {
      onOverflow,
      hasKernelEvents: false,
      sources: [],
      pollMs: 5,
    });
    await eventually('every event', 10_000, () => (seen.size === hostEvents.length ? true : null));
    expect(new Set(watch.ways().values())).toEqual(new Set(['polling']));
  });
});
