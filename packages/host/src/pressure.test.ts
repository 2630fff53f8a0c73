import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPressure } from './pressure.ts';

const calm = 'some avg10=0.00 avg60=3.00 avg300=1.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n';
const stalled = (percent: number): string => calm.replace('avg10=0.00', `avg10=${percent.toFixed(2)}`);
const battery = (name: string, status: string): Record<string, string> => ({
  [`sys/class/power_supply/${name}/type`]: 'Battery\n',
  [`sys/class/power_supply/${name}/status`]: `${status}\n`,
});
const mains = (online: string): Record<string, string> => ({
  'sys/class/power_supply/AC/type': 'Mains\n',
  'sys/class/power_supply/AC/online': `${online}\n`,
});

describe('readPressure', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vedette-pressure-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it.each([
    ['nothing known', {}, []],
    ['only itself running', { 'proc/loadavg': '0.10 0.20 0.30 1/300 77\n' }, []],
    ['one of two CPUs taken', { 'proc/loadavg': '0.10 0.20 0.30 2/300 77\n' }, []],
    ['every CPU taken', { 'proc/loadavg': '0.10 0.20 0.30 3/300 77\n' }, ['isBusy']],
    ['nobody waits', { 'proc/pressure/cpu': calm, 'proc/pressure/io': calm, 'proc/pressure/memory': calm }, []],
    ['waiting for CPUs', { 'proc/pressure/cpu': stalled(20) }, ['isBusy']],
    ['waiting a little', { 'proc/pressure/cpu': stalled(19.99) }, []],
    ['waiting for disks', { 'proc/pressure/io': stalled(35) }, ['isBusy']],
    ['waiting for memory', { 'proc/pressure/memory': stalled(6) }, ['isMemoryTight']],
    ['nonsense', { 'proc/pressure/cpu': 'some avg10=\0', 'proc/loadavg': '\n' }, []],
    ['a battery in use', { ...battery('BAT0', 'Discharging'), ...mains('0') }, ['isOnBattery']],
    ['a battery beside mains', { ...battery('BAT0', 'Discharging'), ...mains('1') }, []],
    ['a battery that is charged', battery('BAT0', 'Charging'), []],
    ['the battery of a mouse', { ...battery('m', 'Discharging'), 'sys/class/power_supply/m/scope': 'Device\n' }, []],
  ] as const)('%s', (_, files: Readonly<Record<string, string>>, expected) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const pressure = readPressure({ proc: join(root, 'proc'), sys: join(root, 'sys'), cpus: 2 });
    expect(Object.entries(pressure).flatMap(([name, value]) => (value ? [name] : []))).toEqual(expected);
  });
});
