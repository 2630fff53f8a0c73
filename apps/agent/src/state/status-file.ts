import { join } from 'node:path';
import type { Watch } from '@vedette/collectors';
import type { WatchWay } from '@vedette/host';
import type { CheckIn } from '@vedette/protocol';
import type { SentDocument, SyncCounters } from '../sync/sync-engine.ts';
import { readFileIfPresent, writeFileAtomic } from './atomic-file.ts';

/** What the platform's last answer says of this machine; see agentStates. */
export type Standing = 'accepted' | 'held' | 'cloned' | 'refused';

/** What the running agent tells about itself on its own machine. Times are RFC 3339, UTC. */
export interface AgentStatus extends Pick<CheckIn, 'collectors' | 'consumption'> {
  readonly processId: number;
  readonly since: string;
  /** When the last full scan began that is through. */
  readonly fullScanAt: string | null;
  readonly checkInAt: string | null;
  /** Why the platform cannot be reached; null when it can. */
  readonly problem: string | null;
  /** What is watched, by the way in which changes come to be known. */
  readonly watching?: Partial<Record<WatchWay, readonly Watch[]>>;
  /** What the control group holds it to. */
  readonly limitedBy?: string;
  readonly standing?: Standing;
  /** What became of documents beside being sent; see SyncCounters. `problem`: why the disk keeps nothing. */
  readonly spool?: SyncCounters & { readonly problem: string | null };
  /** In use, and the last one that was refused. */
  readonly manifest?: CheckIn['manifest'];
  readonly firstSync: { readonly documents: readonly SentDocument[]; readonly sentBytes: number } | null;
}

const maxFileBytes = 1024 * 1024;

/** Keeps quiet on a full or failing disk: what is only shown must not end the agent. */
export function writeStatusFile(stateDirectory: string, status: AgentStatus): void {
  try {
    writeFileAtomic(join(stateDirectory, 'status.json'), JSON.stringify(status), { durable: false });
  } catch {
    // `status` then shows what was written last; the spool's problem is told to the log.
  }
}

/** Null when no agent ever wrote one, or it cannot be read. */
export function readStatusFile(stateDirectory: string): AgentStatus | null {
  try {
    const found = readFileIfPresent(join(stateDirectory, 'status.json'), maxFileBytes);
    return found && (JSON.parse(found.toString('utf8')) as AgentStatus); // our own file, only shown
  } catch {
    return null;
  }
}
