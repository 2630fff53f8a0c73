import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveSettings, explainSettings, numberSettings, unknownSettings, type Wishes } from './settings.ts';

const numberNames = Object.keys(numberSettings) as (keyof typeof numberSettings)[];
const setting = (wishes: { platform?: Wishes; host?: Wishes }, name: string) =>
  explainSettings(wishes).find((one) => one.name === name);

describe('settings', () => {
  it('are the defaults when nobody sets anything, and the defaults are within the limits', () => {
    for (const { source, note } of explainSettings({})) expect({ source, note }).toEqual({ source: 'default', note: null });
    for (const { default: byDefault, min, max } of Object.values(numberSettings)) {
      expect(byDefault).toBeGreaterThanOrEqual(min);
      expect(byDefault).toBeLessThanOrEqual(max);
    }
  });

  it.each(numberNames)('%s stays within its limits, whatever the platform or the host asks for', (name) => {
    const { min, max } = numberSettings[name];
    fc.assert(
      fc.property(
        fc.option(fc.anything(), { nil: undefined }),
        fc.option(fc.anything(), { nil: undefined }),
        (platform, host) => {
          const value = effectiveSettings({ platform: { [name]: platform }, host: { [name]: host } })[name];
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(max);
        },
      ),
    );
    expect(setting({ platform: { [name]: 1e9 } }, name)).toMatchObject({
      value: max,
      note: `1000000000 was asked for; ${max} is the most`,
    });
    expect(setting({ host: { [name]: 0 } }, name)).toMatchObject({ value: min, source: 'host' });
  });

  it('a hostile profile that asks for everything takes no more than the ceiling of each', () => {
    const hostile = JSON.parse(
      '{"cpuPercent":1e308,"busyCpuPercent":"100","burstCpuMs":-1,"hardCpuPercent":null,"memoryMegabytes":[4096],"checkInSeconds":0,"fullScanSeconds":1,"__proto__":{"cpuPercent":100},"constructor":1}',
    ) as Wishes;
    const { cpuPercent, busyCpuPercent, burstCpuMs, hardCpuPercent, memoryMegabytes, checkInSeconds, fullScanSeconds } =
      effectiveSettings({
        platform: hostile,
      });
    expect({ cpuPercent, busyCpuPercent, burstCpuMs, hardCpuPercent, memoryMegabytes, checkInSeconds, fullScanSeconds }).toEqual({
      cpuPercent: 10,
      busyCpuPercent: 0.5,
      burstCpuMs: 50,
      hardCpuPercent: 50,
      memoryMegabytes: 128,
      checkInSeconds: 10,
      fullScanSeconds: 900,
    });
  });

  it('takes the host over the platform, and the platform over the default', () => {
    expect(setting({ platform: { cpuPercent: 3 }, host: { cpuPercent: 2 } }, 'cpuPercent')).toMatchObject({
      value: 2,
      source: 'host',
    });
    expect(setting({ platform: { cpuPercent: 3 } }, 'cpuPercent')).toMatchObject({ value: 3, source: 'platform', note: null });
    expect(setting({ platform: { cpuPercent: 'x' } }, 'cpuPercent')).toMatchObject({
      source: 'default',
      note: 'platform: not a number',
    });
  });

  it('leaves out blackout windows that are none, and all beyond sixteen', () => {
    const blackout = ['mon-fri 08:00-18:00', 'whenever', 5, ...Array.from({ length: 20 }, () => '01:00-02:00')];
    expect(setting({ platform: { blackout } }, 'blackout')).toMatchObject({ note: '7 windows left out' });
    expect(effectiveSettings({ platform: { blackout } }).blackout).toHaveLength(16);
  });

  it('names what no setting is called', () => {
    expect(unknownSettings({ cpuPercent: 1, cpu: 2, toString: 3 })).toEqual(['cpu', 'toString']);
  });
});
