import type { AgentConfig } from '../config.ts';
import { agentVersion, processEnvironment } from '../config.ts';
import { readContent } from './content-file.ts';
import { findInstallation } from './installation.ts';
import { readKnownOrigins, type KnownOrigins } from './known-origins-file.ts';
import { metadataExpiries, type MetadataExpiry } from './metadata-expiry.ts';
import type { RefusedRelease, SlotContent, SlotName, UpgradeRecord } from './upgrade-state.ts';

/** What `status` and `doctor` tell of upgrades. */
export interface UpgradeDescription {
  readonly version: string;
  readonly slot: SlotName;
  /** What the package brought. */
  readonly packaged: string;
  readonly trial: SlotContent | null;
  readonly last: UpgradeRecord | null;
  readonly refused: readonly RefusedRelease[];
  /** Version of the released manifest in use; null: that of the platform counts. */
  readonly manifest: string | null;
  /** As they did the last time something was fetched. */
  readonly origins: KnownOrigins['standings'];
  readonly metadata: readonly MetadataExpiry[];
}

/** Null for an agent that was not installed from a package. */
export function describeUpgrade({ stateDirectory }: Pick<AgentConfig, 'stateDirectory'>): UpgradeDescription | null {
  const installation = findInstallation(stateDirectory, processEnvironment());
  if (!installation) return null;
  const { slots, disk, directory } = installation;
  const { state } = slots;
  return {
    version:
      state.committed === 'base'
        ? slots.contentOf('base').version
        : slots.contentOf(state.committed, state).version || agentVersion,
    slot: state.committed,
    packaged: slots.contentOf('base').version,
    trial: state.trial ? slots.contentOf(state.trial.slot, state) : null,
    last: state.last,
    refused: state.refused,
    manifest: readContent(disk, directory, 'manifests')?.version ?? null,
    origins: readKnownOrigins(disk, directory).standings,
    metadata: metadataExpiries(disk, directory, Date.now()),
  };
}

export function upgradeLines(upgrade: UpgradeDescription): string[] {
  const { version, slot, packaged, trial, last, refused, manifest, origins, metadata } = upgrade;
  const from = slot === 'base' ? 'from the package' : `from slot ${slot}; the package has ${packaged}`;
  const why = last?.why ? `: ${last.why.text}` : '';
  return [
    `version ${version} ${from}${trial ? `; ${trial.version} is on trial` : ''}`,
    ...(last ? [`last upgrade ${last.from} to ${last.to} ${last.outcome} at ${last.at}${why}`] : []),
    ...(manifest === null ? [] : [`manifest ${manifest} of a release`]),
    ...refused.map((one) => `refused ${one.version}: ${one.why.text}`),
    ...origins.map(
      ({ origin, bytes, failure }) => `origin ${origin} gave ${bytes} bytes${failure === null ? '' : `; ${failure}`}`,
    ),
    ...metadata.flatMap(({ role, level, days, expiresAt }) =>
      level === 'ok' ? [] : [`metadata of ${role} ${level === 'expired' ? 'expired' : `expires in ${days} days`}, ${expiresAt}`],
    ),
  ];
}
