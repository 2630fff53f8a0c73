import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { CheckIn, effectiveSettings, numberSettings, type Settings, SettingsReport, type Wishes } from '@vedette/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCheckInReply } from '../transport/replies.ts';
import { ProfileKeeper } from './profile-keeper.ts';

const schedule = { checkInSeconds: 60, fullScanSeconds: 14_400 };
const [one, two] = ['1'.repeat(64), '2'.repeat(64)];

describe('ProfileKeeper', () => {
  let directory = '';
  let applied: Settings[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-profile-'));
    applied = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function keeper(host: Wishes = {}): ProfileKeeper {
    return new ProfileKeeper({ stateDirectory: directory, schedule, host, onChange: (settings) => void applied.push(settings) });
  }

  it('applies what comes with a digest, once, keeps it over a restart and reports it', () => {
    const first = keeper();
    expect(first.report()).toEqual({ host: {}, refused: {} });
    expect(first.take({ schedule, settings: { cpuPercent: 3 }, settingsDigest: one })).toBe(true);
    expect(first.take({ schedule, settings: { cpuPercent: 3 }, settingsDigest: one })).toBe(false);
    expect(applied).toMatchObject([{ cpuPercent: 3, checkInSeconds: 60 }]);
    const again = keeper();
    expect(again.settings.cpuPercent).toBe(3);
    expect(again.report()).toEqual({ digest: one, host: {}, refused: {} });
  });

  it('keeps what it has while replies bring no digest, and goes back to the defaults when one says nothing', () => {
    const agent = keeper();
    agent.take({ schedule, settings: { cpuPercent: 3 }, settingsDigest: one });
    expect(agent.take({ schedule })).toBe(false);
    expect(agent.settings.cpuPercent).toBe(3);
    expect(agent.take({ schedule, settings: {}, settingsDigest: two })).toBe(true);
    expect(agent.settings).toEqual(effectiveSettings({}));
  });

  it('takes from a platform that knows no digests what each of its replies says', () => {
    const agent = keeper();
    expect(agent.take({ schedule: { ...schedule, checkInSeconds: 30 } })).toBe(true);
    expect(agent.settings.checkInSeconds).toBe(30);
    expect(agent.take({ schedule })).toBe(true);
    expect(agent.settings.checkInSeconds).toBe(60);
  });

  it('lets the file of the host win, and says so', () => {
    const agent = keeper({ cpuPercent: 50, suspended: true });
    agent.take({ schedule, settings: { cpuPercent: 3, burstCpuMs: 100 }, settingsDigest: one });
    expect(agent.settings).toMatchObject({ cpuPercent: 10, suspended: true, burstCpuMs: 100 });
    expect(agent.report()).toEqual({ digest: one, host: { cpuPercent: 10, suspended: true }, refused: {} });
  });

  it('says what it does not take of the platform, and why', () => {
    const agent = keeper();
    const settings = { cpuPercent: 90, blackout: 'always', newerThanThis: 1, 'not a name': 1, memoryMegabytes: 100.4 };
    agent.take({ schedule, settings, settingsDigest: one });
    expect(agent.settings).toMatchObject({ cpuPercent: 10, blackout: [], memoryMegabytes: 100 });
    expect(agent.report().refused).toEqual({
      cpuPercent: '90 was asked for; 10 is the most',
      blackout: 'platform: not a list',
      newerThanThis: 'this agent knows no such setting',
    });
  });

  it('stays within every limit and reports what the platform understands, whatever a hostile platform sends', () => {
    const value = fc.oneof(fc.anything(), fc.double(), fc.constantFrom(1e308, -1, null, '100', [], {}));
    const name = fc.oneof(
      fc.constantFrom(...Object.keys(numberSettings), 'suspended', 'blackout', '__proto__', 'digest'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 100 }), (settings) => {
        const agent = keeper();
        // As it arrives: JSON, through the parser of replies.
        const reply: unknown = JSON.parse(JSON.stringify({ resend: [], schedule, settings, settingsDigest: one }));
        agent.take(parseCheckInReply(reply));
        for (const [key, { min, max }] of Object.entries(numberSettings)) {
          const got = agent.settings[key as keyof typeof numberSettings]; // a key of the table
          expect(got >= min && got <= max).toBe(true);
        }
        expect(SettingsReport.safeParse(JSON.parse(JSON.stringify(agent.report()))).error).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('is no reason to refuse a check-in when the report is not understood', () => {
    const message = { agentVersion: '1', sentAt: '2026-11-22T00:00:00Z', collectors: [], consumption: noConsumption };
    const read = CheckIn.parse({ ...message, settings: { digest: 'x', host: { cpuPercent: {} }, refused: [] } });
    expect(read.settings).toBeUndefined();
  });
});

const noConsumption = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 };
