import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../http/api-error.ts';
import { refuseWeakPassword } from './password-rules.ts';

const names = ['ada.lovelace', 'Ada', 'Lovelace', 'Example Industries'];

describe('refuseWeakPassword', () => {
  it.each([
    ['short', 'is too short: it has 5 characters, 12 are needed'],
    ['a'.repeat(201), 'is too long'],
    ['aaaaaaaaaaaa', 'too few different characters'],
    ['abababababab', 'too few different characters'],
    ['abcdefghijklmnop', 'sequence'],
    ['987654321098', 'sequence'],
    ['password1234', 'guessed first'],
    ['Password1234!', 'guessed first'],
    ['P@ssw0rd2026!', 'guessed first'],
    ['qwertyuiop123', 'guessed first'],
    ['Welcome-2026-11', 'guessed first'],
    ['vedetteadmin1', 'guessed first'],
    ['monkeydragon7', 'guessed first'],
    ['adalovelace12', 'mostly a name'],
    ['Lovelace!2026', 'mostly a name'],
    ['20261122 13:45', 'guessed first'],
  ])('refuses %s', (password, why) => {
    expect(() => refuseWeakPassword(password, names)).toThrow(why);
  });

  it.each([
    'correct horse battery staple',
    'seventeen green lamps',
    'Zug fährt über Brücke',
    'wU9xkqLp2ZrT',
    '山の上の古い寺に雪が降る夜明け',
    'ada drinks violet tea at noon',
  ])('takes %s', (password) => expect(() => refuseWeakPassword(password, names)).not.toThrow());

  it('takes what is long and random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 15, maxLength: 15 }), (bytes) => {
        fc.pre(new Set(bytes).size > 12);
        expect(() => refuseWeakPassword(Buffer.from(bytes).toString('base64url'), names)).not.toThrow();
      }),
    );
  });

  it('breaks at nothing', () => {
    const outcome = (password: string): unknown => {
      try {
        return refuseWeakPassword(password, names);
      } catch (error) {
        return error instanceof ApiError ? error.code : error;
      }
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (password) => {
        expect([undefined, 'BAD_REQUEST']).toContain(outcome(password));
      }),
    );
  });
});
