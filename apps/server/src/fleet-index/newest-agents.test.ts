import { randomUUID } from 'node:crypto';
import { CheckIn } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { CheckIns } from '../agents/check-ins.ts';
import { checkIn, database, installAgentFixture, organizationId, server } from '../testing/agent-fixture.ts';
import { FleetIndex } from './fleet-index.ts';

// Where no trigger notes who wrote what.
installAgentFixture({ syncDocument, throwAwayDatabase: () => throwAwayDatabase({ forShards: true }) });

interface PlayedAgent {
  readonly id: string;
  readonly asset: number;
  readonly enrolledAt: number;
  version: string;
  hasCheckedIn: boolean;
}

const version = fc.constantFrom('1.9.0', '1.10.0');
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('enroll' as const), asset: fc.nat(2), version, hours: fc.nat(1) }),
    fc.record({ kind: fc.constant('checkIn' as const), agent: fc.nat(9), version, hours: fc.nat(1) }),
    fc.record({ kind: fc.constant('look' as const), hours: fc.constant(0) }),
  ),
  { minLength: 1, maxLength: 25 },
);

/** What the newest agent of each asset says. */
function expected(assetIds: readonly string[], agents: readonly PlayedAgent[]): object[] {
  return assetIds.map((assetId, asset) => {
    const own = agents.filter((agent) => agent.asset === asset);
    const [newest] = own.toSorted((a, b) => b.enrolledAt - a.enrolledAt || (a.id < b.id ? 1 : -1));
    return { assetId, agentVersion: newest?.version ?? null, hasCheckedIn: newest?.hasCheckedIn ?? false };
  });
}

async function known(fleetIndex: FleetIndex, assetIds: readonly string[]): Promise<object[]> {
  const { table } = await fleetIndex.current(organizationId);
  return assetIds.map((id) => {
    const asset = table.assets.find(({ assetId }) => assetId === id);
    return { assetId: id, agentVersion: asset?.agentVersion, hasCheckedIn: asset?.hasCheckedIn };
  });
}

it('follows the newest agent of each asset: none, several, of one moment, upgraded, and heard of for the first time', async () => {
  const { db } = database;
  const clock = { now: Date.parse('2026-11-22T12:00:00Z') };
  const open = (): FleetIndex => new FleetIndex({ db, log: pino({ level: 'silent' }), clock: () => new Date(clock.now) });
  const key = await db.selectFrom('activationKey').select('id').executeTakeFirstOrThrow();
  await using checkIns = new CheckIns({ ...server.context, clock: () => new Date(clock.now) });
  await using steady = open();
  const property = fc.asyncProperty(steps, async (history) => {
    await using seldom = open();
    const assetIds = [randomUUID(), randomUUID(), randomUUID()];
    const times = { firstSeen: new Date(clock.now), lastSeen: new Date(clock.now), lastScan: null };
    const assets = assetIds.map((id) => ({ organizationId, id, hostname: id, machineId: id, ...times }));
    await db.insertInto('asset').values(assets).execute();
    await seldom.current(organizationId);
    const agents: PlayedAgent[] = [];
    for (const step of history) {
      clock.now += step.hours * 3_600_000;
      const agent = step.kind === 'checkIn' ? agents[step.agent % agents.length] : undefined;
      if (step.kind === 'enroll') {
        const fresh = { id: randomUUID(), asset: step.asset, enrolledAt: clock.now, version: step.version, hasCheckedIn: false };
        const row = { organizationId, assetId: assetIds[step.asset] ?? '', id: fresh.id, version: step.version };
        const enrolled = { enrolledAt: new Date(clock.now), lastCheckIn: null, consumption: null, activationKeyId: key.id };
        await db
          .insertInto('agent')
          .values({ ...row, ...enrolled, publicKey: Buffer.from(fresh.id) })
          .execute();
        agents.push(fresh);
      } else if (step.kind === 'checkIn' && agent) {
        const { id, asset } = agent;
        const who = { organizationId, assetId: assetIds[asset] ?? '', id, publicKey: Buffer.from(id) };
        await checkIns.take(who, CheckIn.parse({ ...checkIn, agentVersion: step.version }));
        Object.assign(agent, { version: step.version, hasCheckedIn: true });
      } else if (step.kind === 'look') await seldom.current(organizationId);
      expect(await known(steady, assetIds)).toEqual(expected(assetIds, agents));
    }
    expect(await known(seldom, assetIds)).toEqual(expected(assetIds, agents));
    expect((await seldom.verify()).healedAssets).toBe(0);
  });
  await fc.assert(property, { numRuns: 30 });
}, 120_000);
