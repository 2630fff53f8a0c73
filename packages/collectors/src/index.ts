/**
 * What can be read from a host, one folder per kind of fact, written against the `Host` interface declared here. Pure: collectors
 * get the machine handed in. The agent runs them; `@vedette/host` implements the interface.
 */
export { clean } from './clean.ts';
export { defineCollector, type Collected, type Collector, type CollectorProblem, type ProblemCode } from './collector.ts';
export {
  HostError,
  type FileStatus,
  type FileSystemSize,
  type Host,
  type HostErrorCode,
  type NetworkAddress,
  type ReadLimit,
} from './host.ts';
export { parseOsRelease } from './os/parse.ts';
export { type PostureMemory, postureWithMemory } from './posture/index.ts';
export { readManifest, type ReadManifest } from './posture/read-manifest.ts';
export { collectors } from './registry.ts';
export { runCollector, type CollectorRun, type CountedProblem } from './run-collector.ts';
export { hostEvents, type HostEvent, type Watch } from './watch.ts';
