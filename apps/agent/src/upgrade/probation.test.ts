import { describe, expect, it } from 'vitest';
import { type Health, judgeProbation } from './probation.ts';

const limits = { memoryBytes: 128e6, cpuPercent: 50, leastSeconds: 30 };
const well: Health = { isAccepted: true, isSynced: true, peakRssBytes: 90e6, cpuSeconds: 5, uptimeSeconds: 60 };

describe('judgeProbation', () => {
  it.each<[string, Partial<Health>, string, string?]>([
    ['enrolled, synced and within its budget', {}, 'healthy'],
    ['not up for long enough', { uptimeSeconds: 29 }, 'wait'],
    ['not heard yet', { isAccepted: false }, 'wait'],
    ['not heard in time', { isAccepted: false, uptimeSeconds: 330 }, 'bad', 'unreachable'],
    ['not synced yet', { isSynced: false }, 'wait'],
    ['not synced in time', { isSynced: false, uptimeSeconds: 330 }, 'bad', 'unhealthy'],
    ['too large, at once', { peakRssBytes: 129e6, uptimeSeconds: 1 }, 'bad', 'budget'],
    ['busy at the start', { cpuSeconds: 19, uptimeSeconds: 31 }, 'healthy'],
    ['busy all the time', { cpuSeconds: 200, uptimeSeconds: 200 }, 'bad', 'budget'],
  ])('%s', (_, change, kind, code) => {
    const verdict = judgeProbation({ ...well, ...change }, limits);
    expect([verdict.kind, verdict.kind === 'bad' ? verdict.why.code : undefined]).toEqual([kind, code]);
  });

  it('holds against a version only what is not the platform’s fault', () => {
    const verdict = judgeProbation({ ...well, isAccepted: false, uptimeSeconds: 400 }, limits);
    expect(verdict).toMatchObject({ kind: 'bad', isSuspect: true });
  });
});
