import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bunzip2, unpackBzip2 } from './bzip2.ts';
import { FeedError } from './errors.ts';

/** "hello hello hello" and a line feed, so that something is tested where the tool is not installed. */
const hello = Buffer.from(
  '425a6839314159265359e5b5f3090000045100001040000244a00021b5180c029069c2a30bb9229c284872daf98480',
  'hex',
);
const isInstalled = spawnSync('bzip2', ['--help']).error === undefined;

function pack(content: Uint8Array, level = 9): Buffer {
  return execFileSync('bzip2', [`-${level}`, '-c'], { input: content, maxBuffer: 64 * 1024 * 1024 });
}

/** What comes of it: something, or the class of what was thrown. */
function outcome(packed: Uint8Array): unknown {
  try {
    unpackBzip2(packed, 100_000);
    return 'unpacked';
  } catch (error) {
    return error instanceof Error ? error.constructor : error;
  }
}

describe('unpackBzip2', () => {
  it.runIf(isInstalled).each<[what: string, content: Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('a')],
    ['five equal bytes', Buffer.from('aaaaa')],
    ['a long run', Buffer.alloc(3_000_000, 7)],
    ['bytes of every kind', Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * index) % 256))],
    ['several blocks of noise', randomBytes(450_000)],
    ['text', Buffer.from('<definition id="oval:x">curl is earlier than 0:1</definition>\n'.repeat(20_000))],
  ])('gives back %s', (_what, content) => {
    for (const level of [1, 9]) expect(Buffer.from(unpackBzip2(pack(content, level), content.length)).equals(content)).toBe(true);
  });

  it.runIf(isInstalled)('takes several streams for one', () => {
    const both = Buffer.concat([pack(Buffer.from('one ')), pack(Buffer.from('two'))]);
    expect(Buffer.from(unpackBzip2(both, 100)).toString()).toBe('one two');
  });

  it.runIf(isInstalled)('stops at the limit', () => {
    const bomb = pack(Buffer.alloc(20_000_000));
    expect(() => unpackBzip2(bomb, 1_000_000)).toThrow('more than 1000000 bytes');
  });

  it.runIf(isInstalled)('throws nothing but FeedError for any byte that is changed, and any end that is missing', () => {
    const packed = pack(Buffer.from('a few words, and a few more words, and again a few words '.repeat(20)));
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.nat(255), fc.boolean(), (at, byte, isCut) => {
        const broken = isCut ? packed.subarray(0, at) : Buffer.from(packed).fill(byte, at, at + 1);
        expect(['unpacked', FeedError]).toContain(outcome(broken));
      }),
    );
  });

  it('gives back what bzip2 1.0.8 packed', () => {
    expect(Buffer.from(unpackBzip2(hello, 18)).toString()).toBe('hello hello hello\n');
  });

  it('refuses what is no bzip2', () => {
    expect(() => [...bunzip2(Buffer.from('<oval_definitions>'))]).toThrow('no bzip2 stream');
    expect(() => unpackBzip2(hello.subarray(0, 20), 100)).toThrow('ends too early');
  });
});
