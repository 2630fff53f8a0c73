import { randomUUID } from 'node:crypto';
import { HealthGate, type Rollout } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { beforeAll, expect, it } from 'vitest';
import { call, caller, database, installFleetFixture } from '../testing/fleet-fixture.ts';

installFleetFixture({ syncDocument, throwAwayDatabase });

const gate = HealthGate.parse({});
/** In the order in which they were started. */
const started = [
  ['1.9.0', 'complete'],
  ['1.10.0', 'rolled-back'],
  ['nightly', 'complete'],
  ['1.10.0-rc.1', 'paused'],
] as const;

beforeAll(async () => {
  const { organizationId } = caller;
  for (const [hour, [version, state]] of started.entries()) {
    const at = new Date(Date.UTC(2026, 10, 1, hour));
    const when = { ringSince: at, startedAt: at, changedAt: at, startedBy: caller.userId };
    const what = {
      subject: 'agent' as const,
      version,
      previous: null,
      state,
      rings: JSON.stringify([{ name: 'all', tags: [], percent: 100 }]),
      ring: 0,
      gate: JSON.stringify(gate),
    };
    await database.db
      .insertInto('rollout')
      .values({ organizationId, id: randomUUID(), ...what, ...when })
      .execute();
  }
});

it.each([
  ['', ['1.10.0-rc.1', 'nightly', '1.10.0', '1.9.0']],
  ['?sort=newest&direction=descending', ['1.9.0', '1.10.0', 'nightly', '1.10.0-rc.1']],
  ['?sort=version', ['nightly', '1.9.0', '1.10.0-rc.1', '1.10.0']],
  ['?sort=version&direction=descending&limit=2&offset=1', ['1.10.0-rc.1', '1.9.0']],
  ['?search=AGENT%201.10', ['1.10.0-rc.1', '1.10.0']],
  ['?search=%25', []],
  ['?sort=state', ['nightly', '1.9.0', '1.10.0-rc.1', '1.10.0']],
])('roll-outs %s come in this order', async (query, versions) => {
  const { status, json } = await call<{ items: Rollout[] }>('GET', `/rollouts${query}`);
  expect([status, json.items.map(({ version }) => version)]).toEqual([200, versions]);
});

it('roll-outs in no order that there is are refused', async () => {
  expect((await call('GET', '/rollouts?sort=beauty')).status).toBe(400);
});
