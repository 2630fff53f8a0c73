import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '@vedette/testkit';
import { isLocked } from './file-lock.ts';
import { watchInterfaces, watchProcFile } from './kernel-events.ts';
import { lowerPriority } from './lower-priority.ts';
import { listenerFingerprint } from './socket-diagnosis.ts';

describe.runIf(process.platform === 'linux')('the kernel', () => {
  it.runIf(process.getuid?.() === 0)('tells of an address that comes and goes', async () => {
    let told = 0;
    const watch = watchInterfaces(() => void (told += 1));
    execFileSync('ip', ['address', 'add', '127.83.0.1/32', 'dev', 'lo']);
    execFileSync('ip', ['address', 'delete', '127.83.0.1/32', 'dev', 'lo']);
    await eventually('the message', 10_000, () => (told > 0 ? true : null));
    watch?.close();
    expect(watch).not.toBeNull();
  });

  it('gives no watch for a file that is not there', () => expect(watchProcFile('/proc/nothing', () => undefined)).toBeNull());

  it('has another fingerprint when a socket listens, and when another one does on the same port', async () => {
    const before = listenerFingerprint();
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as { port: number }; // a TCP server that listens
    const withFirst = listenerFingerprint();
    const line = `2/6/7f000001000000000000000000000000/${port}/`;
    expect(before).not.toContain(line);
    expect(withFirst).toContain(line);
    first.close();
    await once(first, 'close');
    const second = createServer().listen(port, '127.0.0.1');
    await once(second, 'listening');
    const inode = (text: string | null): string | undefined => text?.split(' ').find((each) => each.startsWith(line));
    expect(inode(listenerFingerprint())).toBeDefined();
    expect(inode(listenerFingerprint())).not.toBe(inode(withFirst));
    second.close();
  });

  it('has a bound UDP socket in the fingerprint', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    expect(listenerFingerprint()).toContain(`2/17/7f000001000000000000000000000000/${socket.address().port}/0`);
    socket.close();
  });

  it('knows a file that another process has locked from one that none has', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-lock-'));
    const file = join(directory, 'lock');
    writeFileSync(file, '');
    expect([isLocked(file), isLocked(join(directory, 'missing'))]).toEqual([false, false]);
    // F_SETLK with F_WRLCK, as dpkg does.
    const code = `const fs = require('node:fs'); const fd = fs.openSync(process.argv[1], 'r+'); const lock = Buffer.alloc(32); lock.writeInt16LE(1, 0);
      const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, { fcntl: { arguments: ['int32', 'int32', 'pointer'], return: 'int32' } });
      if (functions.fcntl(fd, 6, lock) === 0) console.log('locked'); process.stdin.resume();`;
    const holder = spawn(process.execPath, ['--no-warnings', '-e', code, file], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(isLocked(file)).toBe(true);
    holder.stdin.end();
    await once(holder, 'exit');
    expect(isLocked(file)).toBe(false);
    rmSync(directory, { recursive: true });
  });

  it.each([process.pid, 0, -1])('never lowers process %d, which would be this one or many', (pid) => {
    expect(lowerPriority(pid)).toBe(false);
  });
});
