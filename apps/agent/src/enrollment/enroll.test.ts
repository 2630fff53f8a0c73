import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxHost } from '@vedette/host';
import { readConfig } from '../config.ts';
import { StubServer, stubAgentId, type StubOptions } from '../testing/stub-server.ts';
import { enroll } from './enroll.ts';
import { loadIdentity, loadOrCreateKey } from './identity.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-enroll-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const activationKey = 'key-of-the-test';
const startStub = (options: Partial<StubOptions> = {}): Promise<StubServer> =>
  StubServer.start({ keys: new Map(), activationKey, ...options });

function configFor(stub: StubServer, key = activationKey) {
  return readConfig({ platform: stub.url.origin, 'state-dir': directory, name: 'web-1' }, { VEDETTE_ACTIVATION_KEY: key });
}

describe('enroll', () => {
  it('keeps the identity and a private key that only its owner can read', async () => {
    await using stub = await startStub();
    await enroll(configFor(stub), linuxHost());
    expect(loadIdentity(directory)).toMatchObject({ agentId: stubAgentId, platform: stub.url.origin });
    expect(statSync(join(directory, 'agent-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('does not write the activation key to disk', async () => {
    await using stub = await startStub();
    await enroll(configFor(stub), linuxHost());
    expect(readFileSync(join(directory, 'identity.json'), 'utf8')).not.toContain(activationKey);
  });

  it('asks only once', async () => {
    await using stub = await startStub();
    await enroll(configFor(stub), linuxHost());
    await enroll(configFor(stub), linuxHost());
    expect(stub.received).toHaveLength(1);
  });

  it('is REFUSED with an unknown activation key, and stays not enrolled', async () => {
    await using stub = await startStub();
    await expect(enroll(configFor(stub, 'another-key'), linuxHost())).rejects.toMatchObject({ code: 'REFUSED' });
    expect(loadIdentity(directory)).toBeNull();
  });

  it('repeats with the same key after a reply that was changed on the way', async () => {
    let isBroken = true;
    await using stub = await startStub({
      tamper: (reply) => {
        if (isBroken) reply.body = Buffer.from(reply.body.toString().replace('3f1c7f0e', '00000000'));
      },
    });
    await expect(enroll(configFor(stub), linuxHost())).rejects.toMatchObject({ code: 'NETWORK' });
    const before = loadOrCreateKey(directory).export({ format: 'jwk' });
    isBroken = false;
    await enroll(configFor(stub), linuxHost());
    expect(loadOrCreateKey(directory).export({ format: 'jwk' })).toEqual(before);
  });

  it('does not move to another platform by itself', async () => {
    await using stub = await startStub();
    await using other = await startStub();
    await enroll(configFor(stub), linuxHost());
    await expect(enroll(configFor(other), linuxHost())).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('says which file is damaged', () => {
    writeFileSync(join(directory, 'identity.json'), '{"agentId":');
    expect(() => loadIdentity(directory)).toThrow(/identity\.json is damaged/);
  });
});
