import type { Why } from './upgrade-state.ts';

/** What is known of a version on trial at a moment. */
export interface Health {
  /** The platform has answered a check-in of this process and takes what it sends. */
  readonly isAccepted: boolean;
  /** Nothing waits to be sent. */
  readonly isSynced: boolean;
  readonly peakRssBytes: number;
  readonly cpuSeconds: number;
  readonly uptimeSeconds: number;
}

export interface ProbationLimits {
  readonly memoryBytes: number;
  /** Of one processor, over the whole time. */
  readonly cpuPercent: number;
  /** Without trouble for so long before it is committed. */
  readonly leastSeconds: number;
}

export type Verdict =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'bad'; readonly why: Why; readonly isSuspect: boolean };

/** After that it must be healthy, or has had its chance. */
export const healthyWithinSeconds = 300;
/** Loading and the first inventory, before a share of a processor means anything. */
const startCpuSeconds = 20;

/** Whether a version on trial stays: enrolled, synced and within its budget in time. */
export function judgeProbation(health: Health, limits: ProbationLimits): Verdict {
  const { isAccepted, isSynced, peakRssBytes, cpuSeconds, uptimeSeconds } = health;
  const { memoryBytes, cpuPercent, leastSeconds } = limits;
  const bad = (why: Why, isSuspect = false): Verdict => ({ kind: 'bad', why, isSuspect });
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
  if (peakRssBytes > memoryBytes)
    return bad({
      code: 'budget',
      text: `it took ${megabytes(peakRssBytes)} MB of memory, and may take ${megabytes(memoryBytes)}`,
    });
  if (cpuSeconds > startCpuSeconds + (uptimeSeconds * cpuPercent) / 100)
    return bad({ code: 'budget', text: `it took ${Math.round(cpuSeconds)} s of CPU in ${Math.round(uptimeSeconds)} s` });
  if (isAccepted && isSynced && uptimeSeconds >= leastSeconds) return { kind: 'healthy' };
  if (uptimeSeconds < healthyWithinSeconds + leastSeconds) return { kind: 'wait' };
  // Whether that is this version's fault shows when the one before it gets through, or does not.
  if (!isAccepted)
    return bad({ code: 'unreachable', text: `it did not get through to the platform in ${Math.round(uptimeSeconds)} s` }, true);
  return bad({ code: 'unhealthy', text: `what it collected was not taken in ${Math.round(uptimeSeconds)} s` });
}
