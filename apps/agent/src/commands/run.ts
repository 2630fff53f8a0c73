import process from 'node:process';
import type { PostureMemory, Watch } from '@vedette/collectors';
import type { Settings } from '@vedette/protocol';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isLocked, joinResourceGroup, linuxHost, readPressure, type ResourceLimits, trimMemory, watchHost } from '@vedette/host';
import { connect } from '../connect.ts';
import type { AgentConfig } from '../config.ts';
import { enroll, introduction, readCaFile } from '../enrollment/enroll.ts';
import { importPublicKey, loadIdentity, type Identity } from '../enrollment/identity.ts';
import { readMachine } from '../enrollment/machine.ts';
import { reenroll } from '../enrollment/reenroll.ts';
import { AgentError, describeError } from '../errors.ts';
import { Governor } from '../governor/governor.ts';
import { ProfileKeeper } from '../governor/profile-keeper.ts';
import { readHostSettings } from '../governor/setting-sources.ts';
import { manifestCollectors } from '../manifest/manifest-collectors.ts';
import { ManifestKeeper } from '../manifest/manifest-keeper.ts';
import { ManifestWatch } from '../manifest/manifest-watch.ts';
import { AgentLoop } from '../schedule/agent-loop.ts';
import { Waker } from '../schedule/waker.ts';
import { serveOrders } from '../orders/serve-orders.ts';
import { startUpgrader } from '../upgrade/start-upgrader.ts';
import { openStateDirectory } from '../state/state-directory.ts';
import { StateLock } from '../state/state-lock.ts';
import { writeStatusFile } from '../state/status-file.ts';
import { checkInSignal } from './check.ts';
import { scanSignal } from './scan.ts';
import type { CommandContext } from './command.ts';

const cloneRetryMs = 30_000;
/** Below it there is too little to give back. */
const trimAboveBytes = 44e6;

export async function runCommand(context: CommandContext): Promise<null> {
  const { config, log, signal } = context;
  const { stateDirectory } = config;
  openStateDirectory(stateDirectory);
  // What starting needed is not needed any more; dropped now, it does not add to the peak of what follows.
  trimMemory();
  // Before the lock: whoever finds it may send the signal at once, and unhandled it would end us.
  let asked: Pick<AgentLoop, 'scanNow' | 'checkInNow'> | null = null;
  process.on(scanSignal, () => asked?.scanNow());
  process.on(checkInSignal, () => asked?.checkInNow());
  using _lock = StateLock.acquire(stateDirectory);
  // Ends this process for another version of it; whoever supervises it starts it again.
  const restart = new AbortController();
  const ended = AbortSignal.any([signal, restart.signal]);
  const own = { ...context, signal: ended };
  let identity = await enrolledIdentity(config);
  while (!ended.aborted) {
    const onReady = (loop: AgentLoop): void => void (asked = loop);
    const ticket = await runAs(identity, own, { onReady, restart: () => restart.abort() });
    if (ticket !== null && !ended.aborted) identity = await becomeOwnAsset(identity, ticket, own);
  }
  log('info', 'stopped');
  return null;
}

/** Runs until the signal, which gives null, or until the platform orders this machine to enroll by itself with a ticket. */
async function runAs(
  identity: Identity,
  { config, log, signal: ended }: CommandContext,
  { onReady, restart }: { onReady: (loop: AgentLoop) => void; restart: () => void },
): Promise<string | null> {
  const { stateDirectory } = config;
  let ticket: string | null = null;
  const ordered = new AbortController();
  const signal = AbortSignal.any([ended, ordered.signal]);
  const onClone = (given: string): void => {
    ticket = given;
    ordered.abort();
  };
  // Enrolling has loaded half of Node, which connecting and watching shall not add to.
  trimMemory();
  const profile = new ProfileKeeper({
    stateDirectory,
    schedule: identity.schedule,
    host: readHostSettings(config.settingsFile),
    onChange: (settings) => {
      governor.apply(settings);
      group.limit(hardLimits(settings));
      log('info', 'settings-changed', { limitedBy: group.detail });
    },
  });
  const governor = startGovernor(profile.settings, () => loop.isUrgent, signal);
  using group = joinResourceGroup(hardLimits(profile.settings));
  using connection = connect({
    stateDirectory,
    identity,
    proxies: config.proxies,
    signal,
    machine: () => readMachine(linuxHost()),
    onClone,
    onOrders: (given) => orders.take(given),
    // What collecting and the spool have used, the network shall not add to its own.
    beforeSync: () => void (process.memoryUsage.rss() > trimAboveBytes && trimMemory()),
  });
  const orders = serveOrders({
    stateDirectory,
    assetId: identity.assetId,
    connection,
    scanNow: () => loop.scanNow(),
    checkInSoon: () => loop.checkInSoon(),
    isQuiet: () => governor.isQuiet(new Date()),
    log,
    signal,
  });
  using upgrader = startUpgrader({ config, identity, connection, governor, restart, log, signal });
  const manifests = new ManifestKeeper({
    stateDirectory,
    platformKey: importPublicKey(identity.platformPublicKey),
    released: () => upgrader?.manifest ?? null,
    log,
    now: Date.now,
  });
  const watches = new Set(manifestCollectors(null).flatMap(({ watches: own, settlesWith = [] }) => [...own, ...settlesWith]));
  const onChange = (change: Watch): void => loop.changed(change);
  const onOverflow = (): void => loop.missedChanges();
  using watch = watchHost([...watches], onChange, { onOverflow });
  using manifestWatch = new ManifestWatch({ watched: watches, onChange, onOverflow });
  const memory: PostureMemory = new Map();
  const loop: AgentLoop = new AgentLoop({
    manifest: {
      report: () => manifests.report(),
      settle: (manifest) => manifests.settle(manifest),
      collectors: () => {
        const chosen = manifestCollectors(manifests.current, memory);
        // Before it is read for the first time, so that no change falls in between.
        manifestWatch.follow(chosen);
        return chosen;
      },
    },
    host: linuxHost({ breathe: governor.breathe }),
    isLocked,
    engine: connection.engine,
    post: (path, message, abort) => connection.client.post(path, message, abort),
    consumption: connection.consumption,
    watching: () => new Map([...watch.ways(), ...manifestWatch.ways()]),
    trimMemory,
    writeStatus: (status) => {
      writeStatusFile(stateDirectory, { ...status, ...connection.standing() });
      orders.noticed(status);
    },
    governor,
    limitedBy: () => `${group.way}: ${group.detail}`,
    profile,
    upgrader,
    log,
    now: Date.now,
    elapsed: () => performance.now(),
    waker: new Waker(),
    random: Math.random,
  });
  onReady(loop);
  // What connecting has loaded, the first inventory does not need.
  trimMemory();
  log('info', 'started', { platform: identity.platform, agentId: identity.agentId });
  await loop.run(signal);
  return ticket;
}

/** When the platform cannot be reached for it, the machine goes on as a clone and is told again. */
async function becomeOwnAsset(identity: Identity, ticket: string, { config, log, signal }: CommandContext): Promise<Identity> {
  try {
    const client = {
      platform: new URL(identity.platform),
      ca: readCaFile(identity.caFile),
      proxies: config.proxies,
      now: Date.now,
    };
    const { stateDirectory, hostname } = config;
    const own = { stateDirectory, identity, ticket, introduction: introduction(linuxHost(), hostname), client };
    const next = await reenroll(own);
    log('warn', 'cloned', { was: identity.agentId, agentId: next.agentId, assetId: next.assetId });
    return next;
  } catch (error) {
    log('warn', 'enrolling-as-clone-failed', { problem: describeError(error), retryInSeconds: cloneRetryMs / 1000 });
    await delay(cloneRetryMs, undefined, { signal }).catch(() => undefined); // the signal ends the wait, and then the agent
    return identity;
  }
}

function hardLimits({ hardCpuPercent, memoryMegabytes }: Settings): ResourceLimits {
  return { cpuPercent: hardCpuPercent, memoryBytes: memoryMegabytes * 1e6 };
}

function startGovernor(settings: Settings, isUrgent: () => boolean, signal: AbortSignal): Governor {
  return new Governor({
    settings,
    usedMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    elapsed: () => performance.now(),
    pressure: readPressure,
    // Stopped early: `breathe` sees the signal itself.
    sleep: (milliseconds) => delay(milliseconds, undefined, { signal }).catch(() => undefined),
    cpus: availableParallelism(),
    isUrgent,
    signal,
  });
}

/**
 * The identity on disk; enrolls first when there is none and the configuration says where. Another address than the enrolled one is
 * taken for this run: a platform may move, and the pinned key proves that it is the same one.
 */
async function enrolledIdentity(config: AgentConfig): Promise<Identity> {
  const found = loadIdentity(config.stateDirectory);
  if (found) {
    return { ...found, platform: config.platform?.origin ?? found.platform, caFile: config.caFile ?? found.caFile };
  }
  if (!config.platform) throw new AgentError('NOT_ENROLLED', 'this agent is not enrolled; run `vedette-agent enroll` first');
  return enroll(config, linuxHost());
}
