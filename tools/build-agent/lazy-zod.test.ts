import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildAgent } from '../build-agent.ts';

const directory = mkdtempSync(join(tmpdir(), 'vedette-bundle-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Is bundled as the agent is, so what it imports is what the agent would see. */
const entry = `
  export { facts, CheckInReply, Enroll, Sync, Order, AgentStateName } from ${JSON.stringify(resolve('packages/protocol/src/index.ts'))};
  export { createHash } from 'node:crypto';
  export { constants } from 'node:zlib';`;

type Schema = { safeParse(value: unknown): { success: boolean; data?: unknown } };

describe('the bundle of the agent', () => {
  let bundle: Record<string, Schema> & { facts: Record<string, { row: Schema }> };
  beforeAll(async () => {
    const input = join(directory, 'entry.ts');
    writeFileSync(input, entry);
    bundle = await import(await buildAgent(join(directory, 'entry.mjs'), input));
  });

  it.each([
    ['AgentStateName', 'offline', false],
    ['CheckInReply', { resend: ['dpkg'], schedule: { checkInSeconds: 60, fullScanSeconds: 3600 }, more: 1 }, true],
    ['CheckInReply', { resend: ['dpkg'], schedule: { checkInSeconds: 0, fullScanSeconds: 3600 } }, false],
    ['Order', { orderId: 'x' }, false],
  ] as const)('has a schema %s that judges %j as %s when it is used', (name, value, isRight) => {
    expect(bundle[name]?.safeParse(value).success).toBe(isRight);
  });

  it('can build the schema of every fact', () => {
    for (const { row } of Object.values(bundle.facts)) expect(row.safeParse({ name: 1 }).success).toBe(false);
  });

  it('fills in what a schema has defaults for', () => {
    const digest = '0'.repeat(64);
    const document = {
      collector: 'os',
      version: 1,
      kind: 'snapshot',
      sequence: 1,
      digest,
      status: 'complete',
      rows: { count: 0 },
    };
    const sync = bundle['Sync']?.safeParse({ documents: [{ ...document, collectedAt: '2026-11-22T06:00:00Z' }] });
    expect(sync).toMatchObject({ success: true, data: { documents: [{ removed: { count: 0, columns: {} } }] } });
  });

  it('has functions and constants of modules that load late', () => {
    const { createHash, constants } = bundle as unknown as {
      createHash: (this: void, name: string) => object;
      constants: Record<string, number>;
    };
    expect(createHash('sha256')).toBeTypeOf('object');
    expect(constants['ZSTD_c_compressionLevel']).toBe(100);
  });
});
