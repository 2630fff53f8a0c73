import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { FleetConnection } from './connection.ts';
import { eachOf, persist, spreadOver } from './drive.ts';
import { type AgentState, Fleet } from './fleet.ts';
import { Random } from './random.ts';
import { Tally } from './tally.ts';

const help = `npm run fleet -- --url URL --activation-key KEY [options]

Simulates many agents beside a platform: they enroll, send their inventories, check in and report changes, each with a key of its own and
by the protocol of real agents. The same seed makes the same fleet; run again, it goes on with the agents it enrolled before.

  --url URL               platform, by plain HTTP on loopback (http://127.0.0.1:8420)
  --activation-key KEY    from the console or "vedette activation-keys create"; default: VEDETTE_ACTIVATION_KEY
  --assets N              how many (default 1000)
  --seed N                which fleet (default 1)
  --minutes M             how long they live after the first inventory (default 5; 0: only enroll and send the inventory)
  --check-in-seconds S    how often each checks in (default 900)
  --changes-per-day C     how often packages of an asset change (default 1)
  --connections N         sockets that all of them share (default 64)
  --storm S               at the end all reconnect within S seconds, each with a change (default: none)
  --json                  a summary as one JSON object on standard output
`;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) {
    process.stdout.write(help);
    return 0;
  }
  if (typeof options === 'string') {
    process.stderr.write(`fleet: ${options}\n`);
    return 2;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const summary = await simulate(options, stop.signal);
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : `${JSON.stringify(summary, null, 2)}\n`);
  return summary.lost > 0 || summary.failed > 0 ? 1 : 0;
}

interface Options {
  readonly url: URL;
  readonly activationKey: string;
  readonly assets: number;
  readonly seed: number;
  readonly minutes: number;
  readonly checkInSeconds: number;
  readonly changesPerDay: number;
  readonly connections: number;
  readonly storm: number;
  readonly json: boolean;
}

/** Null for --help; what is wrong otherwise. */
function readOptions(args: readonly string[]): Options | string | null {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        url: { ...text, default: 'http://127.0.0.1:8420' },
        'activation-key': { ...text, default: process.env['VEDETTE_ACTIVATION_KEY'] ?? '' },
        assets: { ...text, default: '1000' },
        seed: { ...text, default: '1' },
        minutes: { ...text, default: '5' },
        'check-in-seconds': { ...text, default: '900' },
        'changes-per-day': { ...text, default: '1' },
        connections: { ...text, default: '64' },
        storm: { ...text, default: '0' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return null;
    const url = URL.parse(values.url);
    if (url?.protocol !== 'http:') return '--url takes an http address';
    if (values['activation-key'] === '') return 'an activation key is needed: --activation-key KEY';
    const numbers = {
      assets: Number(values.assets),
      seed: Number(values.seed),
      minutes: Number(values.minutes),
      checkInSeconds: Number(values['check-in-seconds']),
      changesPerDay: Number(values['changes-per-day']),
      connections: Number(values.connections),
      storm: Number(values.storm),
    };
    const wrong = Object.entries(numbers).find(([, value]) => !(value >= 0 && value <= 1e7));
    if (wrong) return `${wrong[0]} is not a number from 0 to ten million`;
    if (numbers.assets < 1 || numbers.connections < 1 || numbers.checkInSeconds < 1)
      return 'assets, connections and check-in-seconds begin at 1';
    return { url, activationKey: values['activation-key'], json: values.json, ...numbers };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function simulate(options: Options, signal: AbortSignal) {
  using connection = new FleetConnection({ url: options.url, sockets: options.connections, verifyEvery: 16 });
  const fleet = new Fleet(options.seed, options.assets, connection);
  const random = new Random(options.seed, 'drive');
  const tallies = { enroll: new Tally(), firstSync: new Tally(), checkIn: new Tally(), delta: new Tally(), storm: new Tally() };
  const drive = (tally: Tally) => ({ tally, signal, random });
  const startedAt = performance.now();
  const report = setInterval(() => progress(startedAt, tallies), 5000);
  try {
    await eachOf(fleet.agents, options.connections, async (agent) => {
      const known = await persist(() => fleet.enroll(agent, options.activationKey), drive(tallies.enroll));
      if (known) await persist(() => fleet.firstSync(agent), drive(tallies.firstSync));
    });
    const readyAfterSeconds = (performance.now() - startedAt) / 1000;
    await live(fleet, options, { signal, tallies });
    if (options.storm > 0) {
      await spreadOver(fleet.agents, { windowMs: options.storm * 1000, random, signal }, (agent) =>
        persist(() => fleet.delta(agent), drive(tallies.storm)),
      );
    }
    // What was acknowledged must be there: the platform compares the digests.
    let lost = 0;
    await eachOf(fleet.agents, options.connections, async (agent) => {
      if (!signal.aborted && agent.sequence > 0 && (await asked(fleet, agent, drive(tallies.checkIn)))) lost += 1;
    });
    const parts = Object.entries(tallies).map(([name, tally]) => [name, tally.summary()] as const);
    const failed = Object.values(tallies).reduce((sum, tally) => sum + tally.failed, 0);
    const problems = Object.values(tallies).flatMap((tally) => [...tally.problems]);
    const { assets, seed } = options;
    return {
      assets,
      seed,
      readyAfterSeconds,
      sentBytes: connection.sentBytes,
      ...Object.fromEntries(parts),
      failed,
      lost,
      problems,
    };
  } finally {
    clearInterval(report);
  }
}

/** Whether the platform lacks something that it acknowledged. */
async function asked(fleet: Fleet, agent: AgentState, drive: Parameters<typeof persist>[1]): Promise<boolean> {
  let resend: readonly string[] = [];
  await persist(async () => (resend = await fleet.checkIn(agent)), drive);
  return resend.length > 0;
}

/** Check-ins and changes at their rates, until the time is over. */
async function live(
  fleet: Fleet,
  options: Options,
  { signal, tallies }: { signal: AbortSignal; tallies: { checkIn: Tally; delta: Tally } },
): Promise<void> {
  const random = new Random(options.seed, 'live');
  const windowMs = options.minutes * 60_000;
  const perAsset = { checkIn: windowMs / 1000 / options.checkInSeconds, delta: (windowMs / 86_400_000) * options.changesPerDay };
  const busy = new Set<AgentState>();
  const moments = (share: number): AgentState[] =>
    fleet.agents.flatMap((agent) => Array.from({ length: Math.floor(share + random.next()) }, () => agent));
  const run = (share: number, tally: Tally, work: (agent: AgentState) => Promise<unknown>) =>
    spreadOver(moments(share), { windowMs, random, signal }, async (agent) => {
      // An agent does one thing at a time.
      if (busy.has(agent) || agent.sequence === 0) return;
      busy.add(agent);
      await persist(() => work(agent), { tally, signal, random });
      busy.delete(agent);
    });
  await Promise.all([
    run(perAsset.checkIn, tallies.checkIn, (agent) => fleet.checkIn(agent)),
    run(perAsset.delta, tallies.delta, (agent) => fleet.delta(agent)),
  ]);
}

function progress(startedAt: number, tallies: Readonly<Record<string, Tally>>): void {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const parts = Object.entries(tallies).flatMap(([name, tally]) =>
    tally.acknowledged > 0 ? [`${name} ${tally.acknowledged}`] : [],
  );
  process.stderr.write(`${seconds} s: ${parts.join(', ')}\n`);
}

process.exitCode = await main(process.argv.slice(2));
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
