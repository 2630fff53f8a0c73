import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutLibatomic } from './without-libatomic.ts';

it.skipIf(process.arch !== 'x64' || process.platform !== 'linux')(
  "Node's program runs on without libatomic: the loader maps every other library, and compare-and-exchange works",
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-runtime-'));
    try {
      const program = readFileSync(process.execPath);
      const patched = withoutLibatomic(program);
      const file = join(directory, 'node');
      writeFileSync(file, patched, { mode: 0o755 });
      // Atomics and four threads: what V8 uses the function for. The maps show what the loader loaded.
      const script = `
        const { Worker } = require('node:worker_threads');
        const counter = new Int32Array(new SharedArrayBuffer(4));
        const code = 'const {workerData} = require("node:worker_threads"); for (let i = 0; i < 1e5; i++) Atomics.add(workerData, 0, 1)';
        const ends = Array.from({ length: 4 }, () => new Promise((done) => new Worker(code, { eval: true, workerData: counter }).on('exit', done)));
        Promise.all(ends).then(() => console.log(counter[0], require('node:fs').readFileSync('/proc/self/maps', 'utf8').includes('libatomic')))`;
      expect(execFileSync(file, ['-e', script], { encoding: 'utf8' })).toBe('400000 false\n');
      expect(patched.length).toBe(program.length);
      expect(withoutLibatomic(patched).equals(patched)).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);

it.each([
  ['nothing', Buffer.alloc(0), /not an x86-64 ELF/],
  ['text', Buffer.from('#!/bin/sh\n'.padEnd(200)), /not an x86-64 ELF/],
  ['a head without anything behind it', Buffer.from(readFileSync(process.execPath).subarray(0, 4096)), /out of range|not load/],
])('%s is refused', (_what, bytes, reason) => {
  expect(() => withoutLibatomic(bytes)).toThrow(reason);
});
