import fc from 'fast-check';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '@vedette/testkit';
import { openFanotify, parseFanotifyEvents } from './fanotify.ts';
import { openInotify, parseInotifyEvents } from './inotify.ts';

/** One event of fanotify(7) as struct fanotify_event_metadata with one record DFID_NAME, made by hand from the manual page. */
function fanotifyEvent(mask: number, handle: string, name: string): Buffer {
  const text = Buffer.from(`${name}\0`);
  const record = Buffer.alloc(4 + 8 + 8 + handle.length + text.length);
  record.writeUInt8(2, 0);
  record.writeUInt16LE(record.length, 2);
  record.write('FSID0001', 4, 'latin1');
  record.writeUInt32LE(handle.length, 12);
  record.writeInt32LE(1, 16);
  record.write(handle, 20, 'latin1');
  text.copy(record, 20 + handle.length);
  const metadata = Buffer.alloc(24);
  metadata.writeUInt32LE(24 + record.length, 0);
  metadata.writeUInt8(3, 4);
  metadata.writeUInt16LE(24, 6);
  metadata.writeBigUInt64LE(BigInt(mask), 8);
  metadata.writeInt32LE(-1, 16);
  return Buffer.concat([metadata, record]);
}

const overflow = (): Buffer => {
  const metadata = Buffer.alloc(24);
  metadata.writeUInt32LE(24, 0);
  metadata.writeUInt16LE(24, 6);
  metadata.writeBigUInt64LE(0x4000n, 8);
  return metadata;
};

describe('parseFanotifyEvents', () => {
  it('reads the directory and the name of each event', () => {
    const bytes = Buffer.concat([fanotifyEvent(0x100, 'handle-a', 'new'), fanotifyEvent(0x400, 'handle-b', '.'), overflow()]);
    const events = [...parseFanotifyEvents(bytes)];
    expect(events.map((event) => (event === 'overflow' ? event : event.name))).toEqual(['new', null, 'overflow']);
    const [first, second] = events;
    expect(first).toMatchObject({ key: expect.stringMatching(/^FSID0001.*handle-a$/s) });
    expect(second).toMatchObject({ key: expect.stringMatching(/^FSID0001.*handle-b$/s) });
  });

  it('ends at what is cut off, and keeps what came before', () => {
    const whole = fanotifyEvent(0x100, 'handle', 'name');
    for (let length = 0; length < whole.length; length++) {
      expect([...parseFanotifyEvents(Buffer.concat([whole, whole.subarray(0, length)]))]).toHaveLength(1);
    }
  });

  it('takes any bytes without throwing or going on for ever', () => {
    const check = (bytes: Uint8Array): boolean => [...parseFanotifyEvents(Buffer.from(bytes))].length <= bytes.length;
    expect(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), check))).not.toThrow();
    // Nearly right ones reach further.
    const changed = fc.tuple(fc.nat(50), fc.nat(255)).map(([at, value]) => {
      const event = fanotifyEvent(0x100, 'handle', 'name');
      event.writeUInt8(value, at % event.length);
      return event;
    });
    expect(() => fc.assert(fc.property(changed, check), { numRuns: 1000 })).not.toThrow();
  });
});

describe('parseInotifyEvents', () => {
  const event = (watch: number, mask: number, name: string): Buffer => {
    const bytes = Buffer.alloc(16 + 16);
    bytes.writeInt32LE(watch, 0);
    bytes.writeUInt32LE(mask, 4);
    bytes.writeUInt32LE(16, 12);
    bytes.write(name, 16);
    return bytes;
  };

  it('reads the watch and the name of each event', () => {
    expect([...parseInotifyEvents(Buffer.concat([event(3, 0x100, 'new'), event(-1, 0x4000, '')]))]).toEqual([
      { watch: 3, name: 'new', isOverflow: false },
      { watch: -1, name: null, isOverflow: true },
    ]);
  });

  it('takes any bytes without throwing', () => {
    const check = (bytes: Uint8Array): boolean => [...parseInotifyEvents(Buffer.from(bytes))].length <= bytes.length / 16;
    expect(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), check))).not.toThrow();
  });
});

const isLinux = process.platform === 'linux';
describe.each([
  ['fanotify', openFanotify, isLinux && process.getuid?.() === 0],
  ['inotify', openInotify, isLinux],
] as const)('%s of the real kernel', (_, open, isPossible) => {
  let directory = '';
  beforeEach(() => {
    // In memory, where one is: thousands of directories are made.
    directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vedette-events-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it.runIf(isPossible)('tells that events were lost', async () => {
    let lost = 0;
    const events = open({ onEvent: () => undefined, onOverflow: () => void (lost += 1) });
    expect(events?.add(directory)).toBe(true);
    // Longer than the kernel's queue of 16,384 events, and nobody reads meanwhile.
    for (let number = 0; number < 17_000; number++) mkdirSync(join(directory, String(number)));
    await eventually('the overflow', 10_000, () => (lost > 0 ? true : null));
    events?.close();
    expect(lost).toBe(1);
  });

  it.runIf(isPossible)('tells of added directories alone, and of none once closed', async () => {
    const seen: string[] = [];
    for (const name of ['watched', 'removed', 'other']) mkdirSync(join(directory, name));
    const events = open({
      onEvent: (where, name) => void seen.push(`${where.slice(directory.length)} ${name}`),
      onOverflow: () => undefined,
    });
    expect(events?.add(join(directory, 'watched'))).toBe(true);
    expect(events?.add(join(directory, 'removed'))).toBe(true);
    expect(events?.add(join(directory, 'missing'))).toBe(false);
    events?.remove(join(directory, 'removed'));
    for (const name of ['removed', 'other', 'watched']) writeFileSync(join(directory, name, 'file'), '');
    await eventually('the event', 10_000, () => (seen.length > 0 ? true : null));
    expect(new Set(seen)).toEqual(new Set(['/watched file']));
    events?.close();
    events?.close();
    writeFileSync(join(directory, 'watched/after'), '');
    expect(seen.some((line) => line.endsWith('after'))).toBe(false);
  });

  it.runIf(isPossible)('refuses a path with NUL', () => {
    const events = open({ onEvent: () => undefined, onOverflow: () => undefined });
    expect(() => events?.add('/etc\0/x')).toThrow(TypeError);
    events?.close();
  });
});
