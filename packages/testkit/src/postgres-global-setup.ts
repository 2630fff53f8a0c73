import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@vedette/server';
import { postgresDirectoryVariable } from './throw-away-database.ts';

/**
 * vitest globalSetup: names the directory in which the first test that asks for a database starts PostgreSQL, and afterwards
 * stops and removes it. A run without database tests pays nothing.
 */
export default function setup(): () => Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-test-postgres-'));
  chmodSync(directory, 0o755);
  process.env[postgresDirectoryVariable] = directory;
  return async () => {
    const dataDirectory = join(directory, 'postgres');
    if (existsSync(join(dataDirectory, 'cluster'))) {
      const server = await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
      await server[Symbol.asyncDispose]();
    }
    rmSync(directory, { recursive: true, force: true });
  };
}
