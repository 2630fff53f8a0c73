import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DesiredRelease, UpgradeReport } from '@vedette/protocol';
import { eventually } from '@vedette/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentVersion } from '../config.ts';
import type { FetchOutcome } from './fetch-release.ts';
import { findInstallation, type Installation } from './installation.ts';
import { Upgrader, type UpgraderParts } from './upgrader.ts';

const staged: FetchOutcome = {
  status: 'staged',
  version: '',
  reason: null,
  detail: '',
  retryAfterSeconds: 0,
  origins: [],
  notes: [],
  peakRssBytes: 0,
};
const failed: FetchOutcome = {
  ...staged,
  status: 'failed',
  reason: 'unreachable',
  detail: 'nobody\nanswers',
  retryAfterSeconds: 0,
};
const start = Date.parse('2026-11-22T12:00:00Z');

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-upgrader-'));
  mkdirSync(join(directory, 'lib'));
  writeFileSync(join(directory, 'lib/release'), `${agentVersion} ${hash('sha256', 'code')} ${hash('sha256', 'runtime')}\n`);
});
afterEach(() => rmSync(directory, { recursive: true }));

function installation(slot = 'base', attempt = 'none'): Installation {
  const found = findInstallation(join(directory, 'state'), {
    VEDETTE_LIB: join(directory, 'lib'),
    VEDETTE_SLOT: slot,
    VEDETTE_ATTEMPT: attempt,
  });
  if (!found) throw new Error('no installation');
  return found;
}

/** Puts the version under test on trial. */
function onTrial(): Installation {
  const { slots, disk, directory: upgrade } = installation();
  const content = { version: agentVersion, code: hash('sha256', 'newer'), runtime: hash('sha256', 'runtime') };
  mkdirSync(join(upgrade, 'download'), { recursive: true });
  disk.write(join(upgrade, 'download/code'), Buffer.from('newer'));
  slots.beginTrial(slots.stage(content, { code: join(upgrade, 'download/code'), runtime: null }), content, 'first');
  return installation('a', 'first');
}

function world(change: Partial<UpgraderParts> = {}) {
  const seen = { fetched: [] as string[], notes: [] as string[], restarts: 0, ms: 0, uptime: 60, peak: 50e6, isSynced: true };
  const upgrader = new Upgrader({
    installation: installation(),
    fetch: async (version) => (seen.fetched.push(version), staged),
    restart: () => void (seen.restarts += 1),
    health: () => ({ isSynced: seen.isSynced, peakRssBytes: seen.peak, cpuSeconds: 1, uptimeSeconds: seen.uptime }),
    limits: () => ({ memoryBytes: 100e6, cpuPercent: 50 }),
    isQuiet: () => false,
    note: (text) => void seen.notes.push(text),
    log: () => undefined,
    now: () => start + seen.ms,
    platformNow: () => start + seen.ms,
    elapsed: () => seen.ms,
    random: () => 0,
    ...change,
  });
  return { upgrader, seen };
}

/** As it crosses the wire. */
const report = (upgrader: Upgrader): UpgradeReport => UpgradeReport.parse(JSON.parse(JSON.stringify(upgrader.report())));

describe('Upgrader', () => {
  it('fetches what the platform wants, and ends for it to start', async () => {
    const { upgrader, seen } = world();
    expect(report(upgrader)).toMatchObject({ state: 'idle', agent: agentVersion });
    upgrader.take({ agent: '9.0.0' });
    await eventually('the end', 5000, async () => seen.restarts > 0 || null);
    expect([seen.fetched, seen.restarts, report(upgrader).state]).toEqual([['9.0.0'], 1, 'staged']);
  });

  it.each<[string, DesiredRelease | undefined]>([
    ['says nothing', undefined],
    ['names no version', { held: 'ring' }],
    ['names the one that runs', { agent: agentVersion }],
  ])('does nothing when the platform %s', (_, desired) => {
    const { upgrader, seen } = world();
    upgrader.take(desired);
    expect([seen.fetched, report(upgrader).state]).toEqual([[], 'idle']);
  });

  it.each<[string, DesiredRelease, Partial<UpgraderParts>, string]>([
    ['its window', { window: { from: '2026-11-22T13:00:00Z', until: '2026-11-22T14:00:00Z' } }, {}, 'window'],
    ['another window', { window: { from: '2026-11-22T10:00:00Z', until: '2026-11-22T11:00:00Z' } }, {}, 'window'],
    ['its owner', {}, { isQuiet: () => true }, 'prevented'],
  ])('waits for %s, and says so', (_, desired, parts, reason) => {
    const { upgrader, seen } = world(parts);
    upgrader.take({ agent: '9.0.0', ...desired });
    expect(seen.fetched).toEqual([]);
    expect(report(upgrader)).toMatchObject({ state: 'waiting', target: '9.0.0', reason });
  });

  it('tries again later what failed, with the reason in its report', async () => {
    const fetched: string[] = [];
    const { upgrader, seen } = world({ fetch: async (version) => (fetched.push(version), failed) });
    upgrader.take({ agent: '9.0.0' });
    await eventually('the failure', 5000, async () => report(upgrader).state === 'failed' || null);
    expect(report(upgrader)).toMatchObject({ reason: 'unreachable', detail: 'nobody answers' });
    upgrader.take({ agent: '9.0.0' });
    expect(fetched).toHaveLength(1);
    seen.ms = 3600_000;
    upgrader.take({ agent: '9.0.0' });
    expect(fetched).toHaveLength(2);
  });

  it('blames a clock that is wrong for what seems to have expired', async () => {
    const { upgrader } = world({
      fetch: async () => ({ ...failed, reason: 'expired' }),
      platformNow: () => start - 400 * 24 * 3600 * 1000,
    });
    upgrader.take({ agent: '9.0.0' });
    await eventually('the failure', 5000, async () => report(upgrader).state === 'failed' || null);
    expect(report(upgrader).reason).toBe('clock');
  });

  it('refuses what was rolled back here, until somebody wants it all the same', () => {
    onTrial().slots.rollBack({ code: 'tries', text: 'it crashed' });
    const { upgrader, seen } = world();
    expect(report(upgrader)).toMatchObject({ state: 'rolled-back', target: agentVersion, reason: 'tries' });
    const { slots } = installation();
    slots.noteFailure('9.0.0', 'second', { code: 'internal', text: 'x' });
    const content = { version: '9.0.0', code: hash('sha256', 'nine'), runtime: '' };
    slots.beginTrial('a', content, 'third');
    slots.rollBack({ code: 'crash', text: 'it crashed' });
    upgrader.take({ agent: '9.0.0' });
    expect(seen.fetched).toEqual([]);
    expect(report(upgrader)).toMatchObject({ state: 'waiting', reason: 'refused' });
    upgrader.take({ agent: '9.0.0', retryRefused: true });
    expect(seen.fetched).toEqual(['9.0.0']);
  });

  it('keeps a version that gets through, is synced and within its budget', () => {
    using world_ = world({ installation: onTrial() }).upgrader;
    expect(report(world_).state).toBe('probation');
    world_.take({});
    expect(report(world_)).toMatchObject({ state: 'committed', target: agentVersion });
    expect(installation().slots.state).toMatchObject({ committed: 'a', trial: null });
  });

  it('waits as long as the platform wants before it keeps a version', () => {
    const { upgrader, seen } = world({ installation: onTrial() });
    using _ = upgrader;
    upgrader.take({ probationSeconds: 600 });
    expect(report(upgrader).state).toBe('probation');
    seen.uptime = 601;
    upgrader.judge();
    expect(report(upgrader).state).toBe('committed');
  });

  it('gives a version up that takes too much memory, and ends', () => {
    const { upgrader, seen } = world({ installation: onTrial() });
    using _ = upgrader;
    seen.peak = 200e6;
    upgrader.judge();
    expect(seen.restarts).toBe(1);
    expect(installation().slots.state).toMatchObject({
      committed: 'base',
      trial: null,
      last: { outcome: 'rolled-back', why: { code: 'budget' } },
    });
  });

  it('does not hold against a version that the platform is away', () => {
    const { upgrader, seen } = world({ installation: onTrial() });
    using _ = upgrader;
    seen.uptime = 400;
    upgrader.judge();
    expect(installation().slots.state.refused).toMatchObject([{ isSuspect: true, why: { code: 'unreachable' } }]);
  });

  it('tells once how an attempt ended, and stops calling it news when the platform has heard it', () => {
    onTrial();
    const { upgrader, seen } = world();
    expect(seen.notes).toEqual([`${agentVersion} rolled-back: it could not be started`]);
    upgrader.take({});
    expect(installation().slots.state.isUnreported).toBe(false);
    expect(world().seen.notes).toEqual([]);
  });

  it('warns once of metadata that expires soon, and goes on', () => {
    const tuf = join(directory, 'state/upgrade/tuf');
    mkdirSync(tuf, { recursive: true });
    const expires = new Date(start + 10 * 24 * 3600 * 1000).toISOString();
    writeFileSync(join(tuf, 'root.json'), JSON.stringify({ signed: { expires } }));
    const { upgrader, seen } = world();
    upgrader.take({});
    upgrader.take({ agent: '9.0.0' });
    expect(seen.notes).toEqual([`metadata of root expires in less than 14 days (${expires})`]);
    expect([seen.fetched, report(upgrader).metadataExpiresAt]).toEqual([['9.0.0'], expires]);
  });
});
