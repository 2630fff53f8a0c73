import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { AssetId, createActivationKey, getAsset, postureFact } from '@vedette/protocol';
import type { z } from 'zod';
import type { Children } from './children.ts';
import type { Platform } from './platform.ts';
import { StartError, type Settings } from './settings.ts';

export type AssetState = z.output<(typeof getAsset)['reply']>;

const posturePatienceMs = 15_000;
/** How long a first scan may take before the start gives up; seconds is what it takes. */
const patienceMs = 120_000;

/** Starts the agent as the process of its own that it is on every machine; enrolls it the first time. */
export async function startAgent(settings: Settings, children: Children, platform: Platform): Promise<ChildProcess> {
  const state = join(settings.data, 'agent');
  const environment: Record<string, string> = {};
  if (!identityOf(state)) {
    const key = await platform.client.call(createActivationKey, { body: { name: 'npm start', maxUses: 1, expiresInDays: 1 } });
    environment['VEDETTE_ACTIVATION_KEY'] = key.secret;
  }
  const child = children.start(
    'agent',
    [join(settings.root, 'vedette-agent'), 'run', '--platform', platform.url, '--state-dir', state],
    environment,
  );
  child.stdout?.resume();
  return child;
}

/** Waits until the agent of this start has reported and its packages are judged; returns its asset. */
export async function firstFindings(settings: Settings, agent: ChildProcess, platform: Platform): Promise<AssetState> {
  const deadline = performance.now() + patienceMs;
  const log = join(settings.data, 'agent.log');
  let judged = false;
  for (;;) {
    if (agent.exitCode !== null || agent.signalCode !== null) {
      throw new StartError('failure', `the agent ended (${agent.signalCode ?? agent.exitCode}) before it reported; see ${log}`);
    }
    const identity = identityOf(join(settings.data, 'agent'));
    const state = identity && (await platform.client.call(getAsset, { params: { assetId: identity.assetId } }).catch(() => null));
    // Read once more when nothing waits for judgement: what was read before may be older than the verdicts.
    if (state && hasReported(state, settings.startedAt) && hasPosture(state)) {
      if (judged) return state;
      judged = await nothingUnjudged(settings, platform);
      if (judged) continue;
    }
    if (performance.now() > deadline)
      throw new StartError('failure', `the agent has reported nothing for two minutes; see ${log}`);
    await delay(100);
  }
}

/** The agent of this start has checked in, and every collector's document has arrived. */
function hasReported({ asset, agent }: AssetState, startedAt: number): boolean {
  const checkedIn = agent?.lastCheckIn != null && Date.parse(agent.lastCheckIn) >= startedAt;
  return asset.lastScan !== null && checkedIn && agent.consumption !== null;
}

/** What the manifest asks for comes behind the first check-in, which brings it; an agent that got none is not waited for. */
function hasPosture({ agent }: AssetState): boolean {
  const sinceCheckIn = Date.now() - Date.parse(agent?.lastCheckIn ?? '');
  return agent?.collectors.some(({ name }) => name === postureFact.name) === true || sinceCheckIn > posturePatienceMs;
}

/** New package versions are judged after the agent has its answer; the platform's metrics say how many still wait. */
async function nothingUnjudged(settings: Settings, platform: Platform): Promise<boolean> {
  const token = readFileSync(join(settings.data, 'start-token'), 'utf8').trim();
  const reply = await fetch(new URL('/metrics', platform.url), { headers: { authorization: `Bearer ${token}` } }).catch(
    () => null,
  );
  return /^vedette_unjudged_package_versions 0$/m.test((await reply?.text()) ?? '');
}

function identityOf(state: string): { assetId: AssetId } | null {
  const file = join(state, 'identity.json');
  if (!existsSync(file)) return null;
  const { assetId } = JSON.parse(readFileSync(file, 'utf8')) as { assetId: unknown }; // checked below
  return { assetId: AssetId.parse(assetId) };
}
