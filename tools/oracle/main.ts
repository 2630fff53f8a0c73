import { parseArgs } from 'node:util';
import { withinCircles } from './circles.ts';
import { claim, seededRandom, versionPairs } from './claims.ts';
import { compareHistories } from './histories.ts';
import { peers, type Peer } from './peers.ts';
import { realVersions } from './real-versions.ts';

const usage = `npm run oracle -- PEER [--pairs N] [--seed N] [--json]
Compares our order of versions, and of their keys, with a program that other people trust. PEER: ${Object.keys(peers).join(', ')}.
npm run oracle -- histories [--seeds N] [--seed N] [--json]
Compares what the fleet index, the SQL over the histories and the matcher on each asset's snapshots say of random histories.
Exit 0: no contradiction; 1: contradictions; 2: cannot run.`;

/** So many pairs are asked at a time, which bounds memory. */
const batch = 50_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '100000' },
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
process.exitCode = await run();

async function run(): Promise<number> {
  const pairs = Number(values.pairs);
  const seed = Number(values.seed);
  const name = positionals[0] ?? '';
  if (name === 'histories') return compareHistories({ seeds: Number(values.seeds), seed, json: values.json });
  const peer = peers[name];
  if (values.help || !peer || !Number.isInteger(pairs) || pairs < 1 || !Number.isInteger(seed)) {
    process.stderr.write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  if (!peer.isHere()) {
    process.stderr.write(`${name} is not on this machine (Debian: apt-get install ${peer.from}).\n`);
    return 2;
  }
  const result = await compare(peer, pairs, seed);
  const summary = { peer: name, seed, ...result, examples: result.examples.slice(0, 20) };
  if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else report(summary);
  return result.contradictions === 0 ? 0 : 1;
}

async function compare(peer: Peer, pairs: number, seed: number) {
  const real = realVersions(peer);
  const random = seededRandom(seed);
  const relations = { lt: 0, eq: 0, gt: 0, refused: 0 };
  const examples: string[] = [];
  let contradictions = 0;
  let beyondPeer = 0;
  let asked = 0;
  let circles = 0;
  const startedAt = performance.now();
  for (let done = 0; done < pairs; done += batch) {
    const count = Math.min(batch, pairs - done);
    const claims = versionPairs(real, peer.spice, count, random)
      .filter(([a, b]) => peer.isOrdered?.(a, b) ?? true)
      .map(([a, b]) => claim(peer.ecosystem, a, b));
    asked += claims.length;
    for (const { relation } of claims) relations[relation] += 1;
    const answer = await peer.ask(claims, (answered) => progress(done + answered, pairs));
    progress(done + count, pairs);
    const inCircles = new Set(await withinCircles(answer.contradicted, (questions) => peer.ask(questions, () => {})));
    const contradicted = answer.contradicted.filter((one) => !inCircles.has(one));
    contradictions += contradicted.length;
    circles += inCircles.size;
    beyondPeer += answer.beyondPeer;
    examples.push(...contradicted.slice(0, 20).map(({ a, b, relation }) => `${a} ${relation} ${b}`));
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return { pairs: asked, contradictions, circles, beyondPeer, realVersions: real.length, seconds, relations, examples };
}

function progress(answered: number, pairs: number): void {
  if (answered % 5000 === 0) process.stderr.write(`${answered} of ${pairs} pairs\n`);
}

function report(summary: Awaited<ReturnType<typeof compare>> & { peer: string; seed: number }): void {
  for (const example of summary.examples) process.stdout.write(`${summary.peer} contradicts: ${example}\n`);
  process.stdout.write(
    `${summary.peer}: ${summary.pairs} pairs from ${summary.realVersions} real versions (seed ${summary.seed}), ` +
      `${summary.contradictions} contradictions, ${summary.seconds} s; ${JSON.stringify(summary.relations)}, ` +
      `${summary.beyondPeer} that the peer refuses, ${summary.circles} in which it contradicts itself\n`,
  );
}
