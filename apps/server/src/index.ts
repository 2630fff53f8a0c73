/** The door of the server for packages/testkit; nothing else imports it. */
export { openDatabase, type OpenDatabase } from './db/database.ts';
export { EmbeddedPostgresError } from './db/embedded/embedded-postgres-error.ts';
export { type EmbeddedPostgres, startEmbeddedPostgres } from './db/embedded/start-embedded-postgres.ts';
export { distribution, preparation } from './db/distribution.ts';
export { migrate } from './db/migrate.ts';
export type { Database } from './db/schema.ts';
export { type Config, readConfig } from './config.ts';
export { buildApp } from './http/build-app.ts';
export type { Context } from './context.ts';
export { type RunningServer, startServer } from './start-server.ts';
