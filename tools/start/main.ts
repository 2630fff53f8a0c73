import { setTimeout as delay } from 'node:timers/promises';
import { getKnowledge, listDetections, type Knowledge } from '@vedette/protocol';
import { firstFindings, startAgent } from './agent.ts';
import { buildAgent, buildConsole } from './build.ts';
import { Children } from './children.ts';
import { openDataDirectory, resetDataDirectory } from './data-directory.ts';
import { requireFreePort, startPlatform, type Platform } from './platform.ts';
import { say, step } from './progress.ts';
import { asJson, asText, isUnassessed, type Result } from './report.ts';
import { exitCodes, Settings, StartError } from './settings.ts';

/** First import of all feeds on a slow machine takes far less. */
const importPatienceMs = 10 * 60_000;

async function start(settings: Settings, children: Children): Promise<Result> {
  const building = buildAgent(settings.root);
  building.catch(() => {}); // reported where it is awaited
  const consoleDirectory = `${settings.root}/apps/console/dist`;
  const [platform] = await Promise.all([
    step('Starting the platform', () => startPlatform(settings, children, consoleDirectory)),
    buildConsole(settings.root),
  ]);
  const startMs = Date.now() - settings.startedAt;
  const [knowledge] = await Promise.all([step('Importing the knowledge base', () => imported(platform)), building]);
  const agent = await startAgent(settings, children, platform);
  const state = await step('Scanning this machine', () => firstFindings(settings, agent, platform));
  const firstFindingsMs = Date.now() - settings.startedAt;
  const worst = await platform.client.call(listDetections, { query: { assetId: state.asset.assetId, limit: 5 } });
  return { platform, knowledge, state, worst: worst.items, startMs, firstFindingsMs };
}

async function imported({ client }: Platform): Promise<Knowledge> {
  const deadline = performance.now() + importPatienceMs;
  for (;;) {
    const knowledge = await client.call(getKnowledge, {});
    if (knowledge.version >= 1) return knowledge;
    if (performance.now() > deadline) {
      const problems = knowledge.feeds.flatMap((feed) => (feed.problem ? [`${feed.feed}: ${feed.problem}`] : []));
      throw new StartError('failure', `no knowledge base could be imported. ${problems.join('; ')}`);
    }
    await delay(200);
  }
}

/** Resolves at Ctrl-C or SIGTERM; npm passes a Ctrl-C on a second time, which changes nothing. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
  });
}

async function main(settings: Settings): Promise<number> {
  const stop = stopRequested();
  if (settings.reset) {
    openDataDirectory(settings.data);
    await (await Children.open(settings.data))[Symbol.asyncDispose]();
    resetDataDirectory(settings.data);
  }
  openDataDirectory(settings.data);
  await using children = await Children.open(settings.data);
  await requireFreePort(settings.port);
  const result = await Promise.race([start(settings, children), stop.then(() => null)]);
  if (!result) return 0;
  process.stdout.write(settings.json ? `${JSON.stringify(asJson(result))}\n` : asText(result));
  if (settings.once) return isUnassessed(result.state) ? exitCodes.unassessed : 0;
  say(`Data is kept in ${settings.data}. Ctrl-C stops everything.`);
  await stop;
  say('Stopping …');
  return 0;
}

try {
  process.exitCode = await main(Settings.parse(JSON.parse(process.argv[2] ?? 'null')));
} catch (error) {
  process.stderr.write(`\nvedette: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof StartError ? exitCodes[error.code] : exitCodes.failure;
}
// A request that a stop interrupted must not keep the process alive.
process.exit();
