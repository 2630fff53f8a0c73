/** Doubles of the world for tests: throw-away databases, platforms and machines, and what else several rooms' tests need. */
export { agentProgram } from './agent-program.ts';
export { endProcess } from './end-process.ts';
export { eventually } from './eventually.ts';
export { fakeHost, type FakeFile, type FakeHostOptions } from './fake-host.ts';
export { hostileText, oversizedTexts } from './hostile-text.ts';
export { certificateFor, NginxProcess, nginxRefusal } from './nginx-process.ts';
export { PlatformProcess } from './platform-process.ts';
export { type InsideOptions, type PrivateCopy, privateCopy, privateCopyRefusal } from './private-copy.ts';
export { rawExchange } from './raw-exchange.ts';
export { ReleaseOrigin, type OriginFault, type OriginReply } from './release-origin.ts';
export { syncDocument } from './sync-document.ts';
export { throwAwayDatabase, type ThrowAwayDatabase } from './throw-away-database.ts';
export { sharedArchive, type SharedFile } from './shared-archive.ts';
export { TestReleases } from './test-releases.ts';
