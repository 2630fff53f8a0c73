import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckIn, CheckInReply, Enroll, Sync } from './wire.ts';

const file = join(import.meta.dirname, 'recorded/messages-0.1.0.json');
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>; // our own recording

describe('messages of agents of 0.1.0', () => {
  it.each([
    ['enroll', Enroll],
    ['checkIn', CheckIn],
    ['sync', Sync],
    ['checkInReply', CheckInReply],
  ] as const)('are still understood: %s', (name, schema) => {
    expect(schema.parse(recorded[name])).toMatchObject(recorded[name] ?? {});
  });
});
