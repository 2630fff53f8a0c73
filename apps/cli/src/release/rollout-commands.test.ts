import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HealthGate, type Rollout } from '@vedette/protocol';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connect } from '../api/connect.ts';
import { makeProgram } from '../program.ts';
import { releaseRolloutCommands } from './rollout-commands.ts';

const progress = { targeted: 4, pending: 1, waiting: 0, upgrading: 0, done: 3, failed: 0, rolledBack: 0, lost: 0, overBudget: 0 };
const at = '2026-11-22T12:00:00.000Z';
function rollout(version: string, state: Rollout['state']): Rollout {
  const rings = [{ name: 'all', tags: [], percent: 100 }];
  const times = { startedAt: at, startedBy: 'admin', changedAt: at };
  const what = { subject: 'agent', version, previous: null, state, rings, ring: 0, reason: '' } as const;
  return { rolloutId: randomUUID(), ...what, gate: HealthGate.parse({}), ...times, progress };
}
const newest = rollout('1.4.0', 'superseded');
const oldest = rollout('1.4.0', 'paused');

const asked: string[] = [];
/** A platform with a roll-out on each of two pages. */
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://mock');
  asked.push(`${request.method} ${url.pathname}${url.search}`);
  const isFirst = !url.searchParams.has('after');
  const page = { total: 2, items: [isFirst ? newest : oldest], next: isFirst ? 'more' : null };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(request.method === 'GET' ? page : oldest));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());
beforeEach(() => void asked.splice(0));

async function run(...words: string[]): Promise<string> {
  let printed = '';
  const surroundings = {
    environment: {},
    client: () => connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { token: 'token' }),
    askSecret: async () => '',
    note: () => {},
    write: async (text: string) => void (printed += text),
    input: async function* () {},
  };
  const program = makeProgram(releaseRolloutCommands, surroundings, (text) => (printed += text));
  await program.parseAsync(['node', 'vedette', 'release', ...words]);
  return printed;
}

it('lists roll-outs page by page, and all of them', async () => {
  expect(await run('rollouts', '--search', '1.4', '--sort', 'changedAt', '--limit', '1')).toContain(
    '1 of 2; go on with --after more',
  );
  expect(asked).toEqual(['GET /api/v1/rollouts?limit=1&search=1.4&sort=changedAt']);
  const all = JSON.parse(await run('rollouts', '--all', '--json')) as { items: Rollout[] };
  expect(all.items).toEqual([newest, oldest]);
});

it('finds the roll-out of a version however many came after it', async () => {
  await run('resume', '1.4.0');
  expect(asked).toEqual([
    'GET /api/v1/rollouts?limit=500&search=1.4.0',
    'GET /api/v1/rollouts?limit=500&after=more&search=1.4.0',
    `POST /api/v1/rollouts/${oldest.rolloutId}/changes`,
  ]);
});
