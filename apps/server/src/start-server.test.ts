import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@vedette/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { explainStartError } from './start-error.ts';
import { startServer } from './start-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'vedette-server-'));
chmodSync(directory, 0o755);
afterAll(() => rmSync(directory, { recursive: true }));

function configFor(listen: string) {
  return readConfig({ VEDETTE_DATA_DIR: join(directory, 'data'), VEDETTE_LISTEN: listen, VEDETTE_LOG_LEVEL: 'silent' });
}

describe('startServer', { timeout: 60_000 }, () => {
  it('shows a password at the first start only, and keeps its key', async () => {
    let key: string;
    {
      await using first = await startServer(configFor('127.0.0.1:0'));
      expect(first.bootstrap).toMatchObject({ login: 'admin' });
      key = first.context.platformKey.publicKeyBase64;
      const { url } = first;
      await eventually('the index of the fleet', 10_000, async () => ((await fetch(`${url}/readyz`)).ok ? true : null));
    }
    await using second = await startServer(configFor('127.0.0.1:0'));
    expect(second.bootstrap).toBeNull();
    expect(second.context.platformKey.publicKeyBase64).toBe(key);
  });

  it('says which address is taken and leaves no database running', async () => {
    await using first = await startServer(configFor('127.0.0.1:0'));
    const other = { ...configFor(new URL(first.url).host), dataDirectory: join(directory, 'other') };
    const error = await startServer(other).catch((reason: unknown) => reason);
    expect(explainStartError(error)).toMatchObject({ exitCode: 69, message: expect.stringContaining('VEDETTE_LISTEN') });
    // Free again: a database left running would be in use.
    await using _again = await startServer({ ...other, listen: { host: '127.0.0.1', port: 0 } });
  });
});
