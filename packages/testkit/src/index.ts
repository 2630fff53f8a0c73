/** Doubles of the world for tests: throw-away databases and, beside them, whatever else several rooms' tests need. */
export { syncDocument } from './sync-document.ts';
export { fakeHost, type FakeFile, type FakeHostOptions } from './fake-host.ts';
export { hostileText, oversizedTexts } from './hostile-text.ts';
export { throwAwayDatabase, type ThrowAwayDatabase } from './throw-away-database.ts';
