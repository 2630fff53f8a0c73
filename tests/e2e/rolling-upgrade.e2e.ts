import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey, getDashboard, listAssets, listChecks, listDetections } from '@vedette/protocol';
import { openDatabase, type OpenDatabase, startEmbeddedPostgres } from '@vedette/server';
import { eventually, PlatformProcess } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FeedDirectory } from '../../tools/bench/fleet/feed-directory.ts';
import { FleetConnection } from '../../tools/fleet/connection.ts';
import { eachOf, persist } from '../../tools/fleet/drive.ts';
import { type AgentState, Fleet } from '../../tools/fleet/fleet.ts';
import { Random } from '../../tools/fleet/random.ts';
import { percentile, Tally } from '../../tools/fleet/tally.ts';
import { nextMigrations } from './next-release.ts';

const patienceMs = 60_000;
const size = 20;

const stack = new AsyncDisposableStack();
let database: OpenDatabase;
let environment: Record<string, string>;
let old: PlatformProcess;
let fleet: Fleet;
let secret: string;
const stop = new AbortController();
const drive = { tally: new Tally(), signal: stop.signal, random: new Random('rolling'), attempts: 1000 };

beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-rolling-'));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  // PostgreSQL does not run as root: its user has to come through here.
  chmodSync(directory, 0o755);
  const { connection } = stack.use(
    await startEmbeddedPostgres({ dataDirectory: join(directory, 'external'), log: () => undefined }),
  );
  database = openDatabase(connection);
  stack.defer(database.close);
  environment = {
    DATABASE_URL: `postgres://${connection.user}@localhost/${connection.database}?host=${encodeURIComponent(connection.host)}`,
    VEDETTE_BOOTSTRAP_PASSWORD: 'known to both',
    VEDETTE_SECRET_KEY: randomBytes(32).toString('base64'),
    VEDETTE_FEED_DIR: new FeedDirectory(join(directory, 'feed')).path,
  };
  old = stack.use(await PlatformProcess.start(environment));
  stack.defer(() => stop.abort());
  fleet = fleetAt(old);
  ({ secret } = await old.client.call(createActivationKey, { body: { name: 'rolling', maxUses: size } }));
  // One of them comes later.
  await eachOf(fleet.agents.slice(1), 8, enrolled);
  await firstAnswers(old);
});
afterAll(() => stack.disposeAsync());

function fleetAt({ url }: PlatformProcess): Fleet {
  return new Fleet(11, size, stack.use(new FleetConnection({ url: new URL(url), sockets: 32, verifyEvery: 1 })));
}

async function enrolled(agent: AgentState): Promise<void> {
  await persist(() => fleet.enroll(agent, secret), drive);
  await persist(() => fleet.firstSync(agent), drive);
}

it('upgrades without anybody noticing: new processes migrate beside old ones, which are stopped when the new ones are ready', async () => {
  let isEnded = false;
  /** Where agents send to, in turns, as through a load balancer. */
  let ways = [fleet];
  const agents = eachOf(fleet.agents.slice(1), size, async (agent) => {
    for (let turn = agent.index; !isEnded && !stop.signal.aborted; turn += 1) {
      await persist(() => (ways[turn % ways.length] ?? fleet).toggleWeakness(agent), drive);
      await persist(() => (ways[turn % ways.length] ?? fleet).checkIn(agent), drive);
    }
  });
  let isAsking = true;
  let answers = 0;
  const people = (async () => {
    for (; isAsking && !stop.signal.aborted; answers += 1) await answersOf(old);
  })();

  // Somebody dumps the database, and holds this lock on every table until that is done.
  const dump = await database.db.startTransaction().execute();
  await sql`lock table agent, asset, collector_state, inventory_change in access share mode`.execute(dump);
  const starting = PlatformProcess.start({
    ...environment,
    NODE_OPTIONS: `--import=${import.meta.resolve('./next-release.ts')}`,
  });
  stack.defer(async () => (await starting.catch(() => null))?.[Symbol.asyncDispose]());
  try {
    await eventually('a migration that waits', patienceMs, async () => ((await applied()).includes('901-table') ? true : null));
    const answered = answers;
    await progress('changes while a migration waits');
    await eventually('answers while a migration waits', patienceMs, () => (answers > answered ? true : null));
    expect(await applied()).toEqual(['901-table']);
  } finally {
    await dump.rollback().execute();
  }

  const next = await starting;
  expect(await applied()).toEqual(Object.keys(nextMigrations));
  expect(next.log).toContain('a migration waits for others to end');
  const beside = fleetAt(next);
  ways = [fleet, beside];
  await progress('changes at both');
  // What an older process does not know of is filled in for it.
  const [late] = fleet.agents;
  if (late) await enrolled(late);
  const { rows: moods } = await sql`select mood from agent where mood is not null`.execute(database.db);
  expect(moods).toEqual([{ mood: 'unsaid' }]);
  expect(errors()).toEqual([]);
  isAsking = false;
  await people;

  ways = [beside];
  await old.kill();
  await progress('changes at the new one');
  // One that breaks down in the middle of all this comes back.
  await old.restart();
  expect(old.log).toContain('a newer release has changed the database');
  ways = [fleet, beside];
  await progress('changes at both again');
  isEnded = true;
  await agents;
  expect([drive.tally.failed, errors()]).toEqual([0, []]);
  expect(await missing(fleet)).toEqual([]);
  expect(await missing(beside)).toEqual([]);
  await eventually('the verdicts', patienceMs, async () => ((await unjudged()) === 0 ? true : null));
  await firstAnswers(old);
  expect(await answersOf(old)).toEqual(await answersOf(next));
  expect(await old.stop()).toBe(0);
  expect(await missing(beside)).toEqual([]);
  const { rows: invalid } = await sql`select from pg_index where not indisvalid`.execute(database.db);
  expect(invalid).toEqual([]);
  console.info(
    `${drive.tally.acknowledged} acknowledged, ${drive.tally.postponed} times asked to come later, ${answers} rounds of answers; ` +
      `slowest ${percentile(drive.tally.latenciesMs, 1).toFixed(0)} ms; ${[...drive.tally.problems].join('; ')}`,
  );
});

async function progress(what: string): Promise<void> {
  const before = drive.tally.acknowledged;
  await eventually(what, patienceMs, () => (drive.tally.acknowledged > before + 4 * size ? true : null));
}

/** Answers that agents got and should not: an end of a connection without one is nothing new to them. */
function errors(): string[] {
  return [...drive.tally.problems].filter((problem) => problem.startsWith('status'));
}

async function applied(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration where name > '9' order by name`.execute(
    database.db,
  );
  return rows.map(({ name }) => name);
}

async function unjudged(): Promise<number> {
  return (await database.db.selectFrom('unjudged').select('packageVersionId').execute()).length;
}

/** Collectors that the platform has otherwise than it acknowledged: it compares the digests. */
async function missing(at: Fleet): Promise<string[]> {
  const found: string[] = [];
  await eachOf(fleet.agents, 8, async (agent) => {
    await persist(async () => found.push(...(await at.checkIn(agent)).map((collector) => `${agent.index} ${collector}`)), drive);
  });
  return found;
}

/** A start has to build the fleet index first. */
async function firstAnswers(platform: PlatformProcess): Promise<void> {
  await eventually('answers', patienceMs, () => answersOf(platform));
}

/** Throws where one question is not answered. */
async function answersOf({ client }: PlatformProcess) {
  const { items: assets } = await client.call(listAssets, { query: { limit: 100 } });
  const { items, total } = await client.call(listDetections, { query: { status: 'all', limit: 500 } });
  const checks = await client.call(listChecks, { query: { detected: 'true' } });
  const { assets: count, open } = await client.call(getDashboard, {});
  return {
    // These move on between two questions.
    assets: assets.map(({ lastSeen: _seen, lastScan: _scan, ...asset }) => asset),
    detections: items.map(({ lastFound: _moves, ...detection }) => detection),
    total,
    checks: checks.total,
    count,
    open,
  };
}
