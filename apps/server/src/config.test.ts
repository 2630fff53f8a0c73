import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { helpText, readConfig } from './config.ts';

describe('readConfig', () => {
  it('listens on loopback when nothing is set', () => {
    expect(readConfig({}, '/srv')).toMatchObject({
      dataDirectory: '/srv/.vedette',
      listen: { host: '127.0.0.1', port: 8420 },
      tls: null,
    });
  });

  it('takes an IPv6 address', () => {
    expect(readConfig({ VEDETTE_LISTEN: '[::1]:0' }).listen).toEqual({ host: '::1', port: 0 });
  });

  it('names every problem at once, without values', () => {
    const wrong = { VEDETTE_LISTEN: 'here', VEDETTE_BOOTSTRAP_PASSWORD: 'hunter2', VEDETTE_TLS_CERT: 'a.pem' };
    expect(() => readConfig(wrong)).toThrow(/VEDETTE_LISTEN[^]*VEDETTE_BOOTSTRAP_PASSWORD[^]*VEDETTE_TLS_KEY/);
    expect(() => readConfig(wrong)).not.toThrow(/hunter2/);
  });

  it('believes no proxy unless told which', () => {
    expect(readConfig({}).trustedProxies).toBeNull();
    const told = readConfig({ VEDETTE_TRUSTED_PROXIES: '127.0.0.1, 10.1.2.0/24', VEDETTE_TRUSTED_PROXY_HEADER: 'forwarded' });
    expect([told.trustedProxies?.networks.check('10.1.2.9'), told.trustedProxies?.networks.check('10.1.3.9')]).toEqual([
      true,
      false,
    ]);
    expect(told.trustedProxies?.header).toBe('forwarded');
  });

  it.each(['0.0.0.0/0', '10.0.0.0/8,::/00', 'proxy.example', '10.0.0.0/33'])('refuses to believe the proxies %s', (networks) => {
    expect(() => readConfig({ VEDETTE_TRUSTED_PROXIES: networks })).toThrow(/VEDETTE_TRUSTED_PROXIES/);
  });

  it('never prints a secret', () => {
    const config = readConfig({
      VEDETTE_BOOTSTRAP_PASSWORD: 'correct horse',
      DATABASE_URL: 'postgres://u:hidden@db/x',
      VEDETTE_EDGE_TOKEN: 'of-edges-and-relays',
    });
    expect(inspect(config) + JSON.stringify(config)).not.toMatch(/correct horse|hidden|of-edges/);
    expect(config.secrets.bootstrapPassword).toBe('correct horse');
  });

  it('lists every variable in its help', () => {
    expect(helpText()).toContain('VEDETTE_TLS_KEY');
  });
});
