import { createHash } from 'node:crypto';
import type { DesiredRelease, ReleaseRule, UpgradeReport } from '@vedette/protocol';
import { standardRings } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareReleaseVersions } from './compare-release-versions.ts';
import { type DecisionInput, decideRelease, type OpenRollout, type ReleaseWishes } from './decide-release.ts';
import { nextWindow } from './maintenance-window.ts';
import { placeOf, ringOf } from './ring-of.ts';

const now = new Date('2026-11-22T12:00:00Z'); // a Sunday
const report: UpgradeReport = {
  platform: 'linux-x64',
  agent: '1.0.0',
  runtime: '26.10.0-1',
  content: {},
  state: 'idle',
  since: now.toISOString(),
  refused: [],
};

/** Ids whose places are known: one in a hundred is a canary. */
const ids = Array.from({ length: 2000 }, (_, index) => createHash('md5').update(String(index)).digest('hex'));
const idAt = (least: number, below: number): string => ids.find((id) => placeOf(id) >= least && placeOf(id) < below) ?? '';
const canary = idAt(0, 1);
const shared = idAt(1, 25);
const last = idAt(25, 100);

const open = (ring: number, change: Partial<OpenRollout> = {}): Partial<ReleaseWishes> => ({
  open: new Map([['agent', { subject: 'agent', version: '1.1.0', isPaused: false, rings: standardRings, ring, ...change }]]),
});
const settled = (version: string): Partial<ReleaseWishes> => ({ settled: new Map([['agent', version]]) });
const withdrawn = (version: string, previous: string | null): Partial<ReleaseWishes> => ({
  withdrawn: new Map([['agent', new Map([[version, previous]])]]),
});
const rules = (...all: Partial<ReleaseRule>[]): Partial<ReleaseWishes> => ({ rules: all.map((rule) => ({ tags: [], ...rule })) });

function decide(wishes: Partial<ReleaseWishes>, change: Partial<DecisionInput> = {}): DesiredRelease {
  const whole: ReleaseWishes = { open: new Map(), settled: new Map(), withdrawn: new Map(), rules: [], ...wishes };
  const isPublished = (): boolean => true;
  return decideRelease({
    wishes: whole,
    assetId: last,
    pin: null,
    tags: [],
    profiles: [],
    report,
    previous: null,
    isPublished,
    now,
    ...change,
  });
}
const runs = (agent: string, more: Partial<UpgradeReport> = {}): Partial<DecisionInput> => ({
  report: { ...report, agent, ...more },
});

describe('decideRelease', () => {
  it.each([
    ['nothing was ever rolled out', {}, {}, {}],
    ['the ring is open: the new version', open(0), { assetId: canary }, { agent: '1.1.0' }],
    ['the ring is not open yet', open(0), { assetId: shared }, { held: 'ring' }],
    ['the second ring is open', open(1), { assetId: shared }, { agent: '1.1.0' }],
    ['the last ring is open', open(2), {}, { agent: '1.1.0' }],
    ['a tag brings an asset into an early ring', open(0), { tags: ['canary'] }, { agent: '1.1.0' }],
    ['paused before it began', open(2, { isPaused: true }), {}, { held: 'paused' }],
    ['paused after it began: not sent back', open(2, { isPaused: true }), runs('1.1.0'), { agent: '1.1.0' }],
    [
      'paused during probation: not sent back',
      open(2, { isPaused: true }),
      runs('1.0.0', { target: '1.1.0', state: 'probation' }),
      { agent: '1.1.0' },
    ],
    ['outside the ring, what the fleet has', { ...open(0), ...settled('1.0.5') }, {}, { agent: '1.0.5', held: 'ring' }],
    ['older than what the fleet has', settled('1.0.5'), {}, { agent: '1.0.5' }],
    ['newer than what the fleet has: stays', settled('1.0.5'), runs('1.2.0'), { agent: '1.2.0' }],
    ['runs a withdrawn version: back to what the fleet had', withdrawn('1.0.0', '0.9.0'), {}, { agent: '0.9.0' }],
    ['… to what it ran before itself', withdrawn('1.0.0', null), { previous: '0.8.0' }, { agent: '0.8.0' }],
    ['… which nobody knows: stays', withdrawn('1.0.0', null), {}, {}],
    ['runs another version than the withdrawn one', withdrawn('1.1.0', '0.9.0'), {}, {}],
    ['pinned, whatever is rolled out', open(2), { pin: '0.7.0' }, { agent: '0.7.0', held: 'pinned' }],
    ['upgrades are prevented', { ...open(2), ...rules({ preventUpgrade: true }) }, {}, { held: 'prevented' }],
    ['… for others', { ...open(2), ...rules({ tags: ['lab'], preventUpgrade: true }) }, {}, { agent: '1.1.0' }],
    [
      '… except for some: the first rule counts',
      { ...open(2), ...rules({ tags: ['lab'], preventUpgrade: false }, { preventUpgrade: true }) },
      { tags: ['lab'] },
      { agent: '1.1.0' },
    ],
    [
      'a window: when to switch',
      { ...open(2), ...rules({ windows: [{ days: [1], from: '02:00', minutes: 60 }] }) },
      {},
      { agent: '1.1.0', window: { from: '2026-11-23T02:00:00.000Z', until: '2026-11-23T03:00:00.000Z' } },
    ],
    [
      'a window, and nothing to do',
      { ...open(2), ...rules({ windows: [{ days: [1], from: '02:00', minutes: 60 }] }) },
      runs('1.1.0'),
      { agent: '1.1.0' },
    ],
    ['prevented by a profile', open(2), { profiles: [{}, { preventUpgrade: true }] }, { held: 'prevented' }],
    [
      '… but the profile above it allows them',
      open(2),
      { profiles: [{ preventUpgrade: false }, { preventUpgrade: true }] },
      { agent: '1.1.0' },
    ],
    [
      '… but a rule allows them, and the window of the profile stays',
      { ...open(2), ...rules({ preventUpgrade: false }) },
      { profiles: [{ preventUpgrade: true, windows: [{ days: [1], from: '02:00', minutes: 60 }] }] },
      { agent: '1.1.0', window: { from: '2026-11-23T02:00:00.000Z', until: '2026-11-23T03:00:00.000Z' } },
    ],
    ['a region', rules({ region: 'apac' }), {}, { region: 'apac' }],
  ] satisfies [string, Partial<ReleaseWishes>, Partial<DecisionInput>, DesiredRelease][])(
    '%s',
    (_what, wishes, change, expected) => {
      expect(decide(wishes, change)).toEqual(expected);
    },
  );

  it('names no version that signed metadata does not know for the platform', () => {
    expect(decide(open(2), { isPublished: () => false })).toEqual({});
    expect(decide({}, { pin: '9.9.9', isPublished: () => false })).toEqual({ held: 'pinned' });
  });

  it('gives content by the same rings as code', () => {
    const rollout: OpenRollout = { subject: 'rules', version: '7', isPaused: false, rings: standardRings, ring: 0 };
    const wishes = { open: new Map([['rules', rollout] as const]), settled: new Map([['rules', '6'] as const]) };
    expect(decide(wishes, { assetId: canary })).toEqual({ content: { rules: '7' } });
    expect(decide(wishes)).toEqual({ content: { rules: '6' } });
  });
});

describe('ringOf', () => {
  it('spreads assets evenly and puts each in the same place always', () => {
    const counts = [0, 0, 0];
    for (const id of ids) counts[ringOf(standardRings, id, []) ?? 0]! += 1; // every asset is in the last ring at least
    expect(counts[0]).toBeGreaterThan(5);
    expect(counts[0]).toBeLessThan(45);
    expect(Math.abs((counts[1] ?? 0) - 480)).toBeLessThan(100);
    expect(placeOf(canary)).toBe(placeOf(canary));
  });
  it('leaves out who is in no ring', () =>
    expect(ringOf([{ name: 'lab', tags: ['lab'], percent: 0 }], last, ['web'])).toBeNull());
});

describe('nextWindow', () => {
  it.each([
    ['open now', [{ days: [0], from: '11:30', minutes: 60 }], '2026-11-22T11:30', '2026-11-22T12:30'],
    ['over for today', [{ days: [0], from: '11:00', minutes: 60 }], '2026-11-29T11:00', '2026-11-29T12:00'],
    ['past midnight', [{ days: [6], from: '23:00', minutes: 15 * 60 }], '2026-11-21T23:00', '2026-11-22T14:00'],
    [
      'the earliest of several',
      [
        { days: [3], from: '01:00', minutes: 60 },
        { days: [1, 2], from: '05:00', minutes: 60 },
      ],
      '2026-11-23T05:00',
      '2026-11-23T06:00',
    ],
  ])('%s', (_what, windows, from, until) => {
    expect(nextWindow(windows, now)).toEqual({ from: new Date(`${from}:00Z`), until: new Date(`${until}:00Z`) });
  });
  it('is null without windows', () => expect(nextWindow([], now)).toBeNull());
});

describe('compareReleaseVersions', () => {
  it.each([
    ['1.0.0', '1.0.0', 0],
    ['1.9.0', '1.10.0', -1],
    ['2.0.0', '10.0.0', -1],
    ['1.0.0-rc1', '1.0.0', -1],
    ['1.0.0-rc2', '1.0.0-rc10', -1],
    ['26.10.0-2', '26.10.0-1', 1],
    ['1.0', '1.0.0', 0],
  ])('%s and %s: %i', (a, b, order) => {
    expect(compareReleaseVersions(a, b)).toBe(order);
    expect(compareReleaseVersions(b, a)).toBe(-order || 0);
  });
  it('is total for any text', () => {
    const version = fc.stringMatching(/^[0-9A-Za-z][0-9A-Za-z.-]{0,12}$/);
    const isTurned = (a: string, b: string) => compareReleaseVersions(a, b) + compareReleaseVersions(b, a) === 0;
    expect(() => fc.assert(fc.property(version, version, isTurned))).not.toThrow();
  });
});
