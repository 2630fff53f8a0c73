import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { sshHostKey } from './index.ts';
import { parsePublicKey } from './parse.ts';

// A public key that many know, with the fingerprint its owner publishes (GitHub).
const known = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
const knownFingerprint = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';

/** A key of these parts, each with its length before it. */
function line(type: string, ...parts: readonly Buffer[]): string {
  const fields = [Buffer.from(type), ...parts].map((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return Buffer.concat([length, part]);
  });
  return `${type} ${Buffer.concat(fields).toString('base64')} root@host`;
}
const number = (bytes: number): Buffer => Buffer.concat([Buffer.from([0, 0x80]), Buffer.alloc(bytes - 1, 1)]);

describe('parsePublicKey', () => {
  it.each([
    [known, 256],
    [line('ssh-rsa', Buffer.from([1, 0, 1]), number(256)), 2048],
    [line('ssh-rsa', Buffer.from([1, 0, 1]), number(128)), 1024],
    [line('ssh-dss', number(128), number(20)), 1024],
    [line('ecdsa-sha2-nistp384', Buffer.from('nistp384'), number(97)), 384],
  ])('%.40s has %i bits', (text, bits) => expect(parsePublicKey(text)?.bits).toBe(bits));

  it.each([
    ['nothing', ''],
    ['a type without a key', 'ssh-rsa'],
    ['another type inside', line('ssh-rsa', number(4)).replace('ssh-rsa ', 'ssh-dss ')],
    ['no base64', 'ssh-rsa !!!!'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
  ])('refuses %s', (_, text) => expect(parsePublicKey(text)).toBeNull());

  it('takes any text', () => {
    const check = (text: string): void => {
      expect(parsePublicKey(text)?.bits ?? 0).toBeGreaterThanOrEqual(0);
    };
    fc.assert(fc.property(hostileText(known, 'ssh-rsa AAAA'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('ssh-host-key collector', () => {
  it('reads public keys with the fingerprint of ssh-keygen, and opens no private one', async () => {
    const host = fakeHost({
      '/etc/ssh/ssh_host_ed25519_key': 'secret',
      '/etc/ssh/ssh_host_ed25519_key.pub': `${known} root@host\n`,
      '/etc/ssh/ssh_host_rsa_key.pub': 'broken',
    });
    const run = await runCollector(sshHostKey, host);
    expect(run).toMatchObject({
      status: 'partial',
      rows: [{ path: '/etc/ssh/ssh_host_ed25519_key.pub', type: 'ssh-ed25519', bits: 256, fingerprint: knownFingerprint }],
    });
    expect(host.log).not.toContain('/etc/ssh/ssh_host_ed25519_key');
  });
});
