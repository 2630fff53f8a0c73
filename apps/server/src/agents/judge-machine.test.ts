import { describe, expect, it } from 'vitest';
import { judgeMachine, type KnownMachine, type MachineVerdict } from './judge-machine.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const now = Date.UTC(2026, 10, 22);

/** Times as milliseconds before now. */
function known(name: string, change: Partial<KnownMachine> = {}): KnownMachine {
  const times = { bootedAt: now - 10 * day, firstHeard: now - 10 * day, aliveAt: now - minute, heardAt: now - minute };
  return { incarnation: name, hardware: 'box', state: 'current', ...times, ...change };
}
const speaks = (incarnation: string, uptimeMs: number, hardware = 'box') => ({
  incarnation,
  hardware,
  uptimeSeconds: uptimeMs / 1000,
});
const old = { bootedAt: now - 10 * day, aliveAt: now - 5 * minute, heardAt: 0, state: 'superseded' } as const;
const rebooted = { bootedAt: now - 4 * minute, firstHeard: now - 3 * minute };

describe('judgeMachine', () => {
  const cases: [string, MachineVerdict, ReturnType<typeof speaks>, KnownMachine[]][] = [
    ['the first one', 'asset', speaks('a', day), []],
    ['one that was booted again', 'asset', speaks('b', 30_000), [known('a')]],
    [
      'one that was booted again after a month',
      'asset',
      speaks('b', minute),
      [known('a', { aliveAt: now - 30 * day, heardAt: 0 })],
    ],
    ['one that ran while the known one was heard of', 'clone', speaks('b', day), [known('a')]],
    ['one on other hardware, just booted', 'wait', speaks('b', 30_000, 'other'), [known('a')]],
    [
      'one on other hardware, 15 minutes after the last sign of life',
      'asset',
      speaks('b', 30_000, 'other'),
      [known('a', { aliveAt: now - 15 * minute, heardAt: now - 15 * minute })],
    ],
    [
      'the original, after its copy was taken for it',
      'original',
      speaks('a', 10 * day),
      [known('a', old), known('b', { ...rebooted, hardware: 'other' })],
    ],
    [
      'the original, booted again while its copy ran',
      'original',
      speaks('c', 2 * minute),
      [known('a', old), known('b', { ...rebooted, hardware: 'other', aliveAt: now, heardAt: now })],
    ],
    ['a late message of the boot before', 'wait', speaks('a', 10 * day - 5 * minute), [known('a', old), known('b', rebooted)]],
    ['a late message of a boot never heard of', 'wait', speaks('c', 6 * minute), [known('a', old), known('b', rebooted)]],
    [
      'one of an earlier boot, longer after the current one than a message can be late',
      'original',
      speaks('c', day),
      [known('b', { bootedAt: now - 11 * minute, firstHeard: now - 10 * minute })],
    ],
    [
      'one that lives on after a late first message of its boot before',
      'asset',
      speaks('a', 3 * minute),
      [
        known('a', { bootedAt: now - 3 * minute, firstHeard: now - 3 * minute, aliveAt: now - 3 * minute, state: 'superseded' }),
        known('b', { bootedAt: now - 2.5 * minute, firstHeard: now - 2 * minute, aliveAt: now - 2 * minute }),
      ],
    ],
    [
      'one that lives beside a copy on like hardware that was heard twice',
      'clone',
      speaks('a', 3 * minute),
      [
        known('a', { bootedAt: now - 3 * minute, firstHeard: now - 3 * minute, aliveAt: now - 3 * minute, state: 'superseded' }),
        known('b', { bootedAt: now - 10 * day, firstHeard: now - 2 * minute, aliveAt: now - minute }),
      ],
    ],
    [
      'one never heard of, while a boot that was heard once may have been late',
      'wait',
      speaks('c', 3 * minute),
      [known('b', { bootedAt: now - 7 * day, firstHeard: now - minute, aliveAt: now - minute })],
    ],
    ['one that was set back by a day', 'asset', speaks('a', 9 * day), [known('a', old), known('b', rebooted)]],
    ['a known clone', 'clone', speaks('b', day), [known('a'), known('b', { state: 'clone' })]],
    [
      'anyone after the clock of the platform was set back',
      'asset',
      speaks('b', day),
      [known('a', { aliveAt: now + day, heardAt: 0 })],
    ],
  ];
  it.each(cases)('takes %s as: %s', (_, verdict, machine, machines) => {
    expect(judgeMachine(machine, machines, now)).toBe(verdict);
  });
});
