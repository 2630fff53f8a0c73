import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoint, endpoints } from '@vedette/protocol';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { allCommands } from './index.ts';
import { sortOptions } from './list-options.ts';

/** What only a browser does; `vedette api` reaches them like all others. */
const withoutCommand = new Map<string, string>([
  ['logIn', 'a person logs in with a password; the command line has a token'],
  ['logOut', 'ends the session of a browser'],
  ['getLoginMethods', 'what the page for logging in shows'],
  ['askSecondFactor', 'part of logging in'],
  ['giveSecondFactor', 'part of logging in'],
  // An API token may not change the account of its owner.
  ['changePassword', "a person's own account"],
  ['listSecondFactors', "a person's own account"],
  ['startTotp', "a person's own account"],
  ['confirmTotp', "a person's own account"],
  ['startWebauthn', "a person's own account"],
  ['confirmWebauthn', "a person's own account"],
  ['deleteSecondFactor', "a person's own account"],
  ['makeRecoveryCodes', "a person's own account"],
  ['listSessions', "a person's own account"],
  ['endSession', "a person's own account"],
  ['verifyAuditLog', 'the platform about itself; "vedette audit verify" follows the chain without believing it'],
  ['getPulse', 'tells a page when to ask again'],
  ['listFieldValues', 'completes what a person types'],
]);

it('every operation of the public API has a command, or a reason to have none', () => {
  const sources = globSync('**/*.ts', { cwd: join(import.meta.dirname, '..') })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(import.meta.dirname, '..', file), 'utf8'));
  const called = new Set(sources.flatMap((text) => [...text.matchAll(/\b\w+\b/g)].map(([word]) => word)));
  const missing = Object.keys(endpoints).filter((name) => !called.has(name) && !withoutCommand.has(name));
  expect(missing).toEqual([]);
});

it('every order that a list of the public API has can be asked for by a command', async () => {
  const options = (await allCommands()).flatMap((command) => (command.options ?? []).map(([, says]) => says));
  const missing = (Object.values(endpoints) as Endpoint[]).filter(({ query }) => {
    const sort = query instanceof z.ZodObject ? query.shape['sort'] : undefined;
    const bare = sort instanceof z.ZodDefault || sort instanceof z.ZodOptional ? sort.unwrap() : sort;
    if (!(bare instanceof z.ZodEnum)) return false;
    const [[, says] = ['', '']] = sortOptions(bare.options.map(String));
    return !options.some((one) => one.startsWith(says));
  });
  expect(missing.map(({ name }) => name)).toEqual([]);
});
