import { loadIdentity } from '../enrollment/identity.ts';
import { describeWatching } from '../schedule/watching.ts';
import { type HostState, hostState } from '../state/host-state.ts';
import { acknowledgedRowCounts } from '../spool/spool.ts';
import { lockHolder } from '../state/state-lock.ts';
import { readStatusFile, type AgentStatus } from '../state/status-file.ts';
import { describeUpgrade, upgradeLines } from '../upgrade/describe-upgrade.ts';
import type { CommandContext, CommandOutput } from './command.ts';

export async function statusCommand({ config }: CommandContext): Promise<CommandOutput> {
  const { stateDirectory } = config;
  const identity = loadIdentity(stateDirectory);
  const upgrade = describeUpgrade(config);
  if (!identity)
    return { json: { enrolled: false, state: 'enrolling', stateDirectory, upgrade }, text: `not enrolled (${stateDirectory})` };
  const processId = lockHolder(stateDirectory);
  const status = readStatusFile(stateDirectory);
  const counts = acknowledgedRowCounts(stateDirectory);
  const collectors = (status?.collectors ?? []).map((state) => ({ ...state, rows: counts.get(state.name) ?? null }));
  const { agentId, assetId, platform, schedule } = identity;
  const now = hostState(status, schedule, Date.now());
  const { state: stateName, since: stateSince, reason, waitsFor } = now;
  const states = { state: stateName, stateSince, reason, waitsFor };
  const json = { enrolled: true, ...states, agentId, assetId, platform, schedule, ...status, processId, collectors, upgrade };
  const lines = [
    `agent ${agentId}, asset ${assetId}`,
    `platform ${platform}`,
    describeState(now),
    processId === null ? 'not running' : `running as process ${processId}`,
    `last full scan ${status?.fullScanAt ?? 'never'}, last check-in ${status?.checkInAt ?? 'never'}`,
    ...(status ? statusLines(status) : []),
    ...(upgrade ? upgradeLines(upgrade) : []),
    ...collectors.map(({ name, sequence, status: state, rows, problem = '' }) =>
      `  ${name.padEnd(20)}${state.padEnd(12)}${String(rows ?? '-').padStart(6)} rows  #${sequence}  ${problem}`.trimEnd(),
    ),
  ];
  return { json, text: lines.join('\n') };
}

function statusLines({ watching, limitedBy, problem, spool, consumption, manifest }: AgentStatus): string[] {
  const megabytes = Math.round(consumption.peakRssBytes / 1e6);
  return [
    ...(watching ? [describeWatching(watching)] : []),
    ...(manifest ? [describeManifest(manifest)] : []),
    ...(limitedBy ? [`limited by ${limitedBy}`] : []),
    ...[problem, spool?.problem].flatMap((text) => (text ? [`problem: ${text}`] : [])),
    `used ${consumption.cpuSeconds.toFixed(1)} s of CPU, ${megabytes} MB of memory at most`,
  ];
}

function describeState({ state, since, reason, waitsFor }: HostState): string {
  return `${state}${since ? ` since ${since}` : ''}: ${reason}${waitsFor ? `; waits for ${waitsFor}` : ''}`;
}

function describeManifest({ version, refused }: NonNullable<AgentStatus['manifest']>): string {
  const used = version === 0 ? 'no manifest' : `manifest ${version}`;
  return refused ? `${used}; refused manifest ${refused.version}: ${refused.problem}` : used;
}
