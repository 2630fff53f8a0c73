/** Doubles of the world for tests: throw-away databases and, beside them, whatever else several rooms' tests need. */
export { throwAwayDatabase, type ThrowAwayDatabase } from './throw-away-database.ts';
