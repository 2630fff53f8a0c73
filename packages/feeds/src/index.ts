/**
 * Advisory feeds: text of a source → facts in one form. Pure; the server and the tools read files or addresses and hand the
 * bytes in. Also the starter knowledge base that the project carries.
 */
export {
  download,
  type Download,
  type HttpGet,
  type HttpReply,
  type PartialFile,
  type Surroundings as DownloadSurroundings,
  type Validators,
} from './shared/download/download.ts';
export { DownloadError, type DownloadErrorCode } from './shared/download/download-error.ts';
export { FeedError, type FeedErrorCode } from './errors.ts';
export type {
  Ask,
  ChangedRecord,
  Feed,
  FeedChanges,
  FeedFacts,
  FeedFile,
  FeedProblem,
  FeedSource,
  ParseOptions,
} from './feed.ts';
export { type JoinFacts, mergeKnowledge } from './merge-knowledge.ts';
export { joinFacts } from './shared/vulnerability-facts.ts';
export { feeds, matchesSource } from './registry.ts';
export { bunzip2, unpackBzip2 } from './bzip2.ts';
export { readZip, type InflateRaw, type ZipOptions } from './zip.ts';
export { shrinkageProblem } from './shrinkage.ts';
export {
  readStarter,
  starterLimits,
  writeStarter,
  type StarterInput,
  type StarterKnowledge,
  type StarterOrigin,
} from './starter/index.ts';
