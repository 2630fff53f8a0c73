import { describe, expect, it } from 'vitest';
import { readProxyPlan, routesTo, type Route } from './proxies.ts';

const platform = new URL('https://vedette.corp.example:8443');
const nameOf = (route: Route): string => (route === 'direct' ? route : route.origin);

function routes(environment: Record<string, string>, to = platform): string[] {
  const problems: string[] = [];
  const plan = readProxyPlan(environment, problems);
  expect(problems).toEqual([]);
  return routesTo(to, plan).map(nameOf);
}

describe('readProxyPlan', () => {
  it.each([
    [{}, ['direct']],
    [{ VEDETTE_PROXY: 'http://a:3128' }, ['http://a:3128']],
    [{ VEDETTE_PROXY: 'a:3128, https://b  [::1]:80' }, ['http://a:3128', 'https://b', 'http://[::1]']],
    [{ VEDETTE_PROXY: 'http://a:3128', VEDETTE_PROXY_FALLBACK: 'direct' }, ['http://a:3128', 'direct']],
    [{ VEDETTE_PROXY: 'http://a:3128', HTTPS_PROXY: 'http://b' }, ['http://a:3128']],
    [{ VEDETTE_PROXY: 'direct', HTTPS_PROXY: 'http://b' }, ['direct']],
    [{ VEDETTE_PROXY: 'http://a:3128', NO_PROXY: '*' }, ['http://a:3128']],
    [{ https_proxy: 'http://b' }, ['http://b']],
    [{ HTTPS_PROXY: 'http://b', NO_PROXY: 'corp.example' }, ['direct']],
    [{ HTTPS_PROXY: 'http://b', NO_PROXY: 'other, .CORP.example' }, ['direct']],
    [{ HTTPS_PROXY: 'http://b', no_proxy: '*.example:8443' }, ['direct']],
    [{ HTTPS_PROXY: 'http://b', NO_PROXY: 'corp.example:443' }, ['http://b']],
    [{ HTTPS_PROXY: 'http://b', NO_PROXY: 'orp.example,.,' }, ['http://b']],
  ])('takes %j as the ways %j', (environment, expected) => expect(routes(environment)).toEqual(expected));

  it('reaches a platform on this machine without a proxy', () => {
    expect(routes({ VEDETTE_PROXY: 'http://a:3128' }, new URL('http://127.0.0.1:8080'))).toEqual(['direct']);
  });

  it.each(['[::1]', '[::1]:8443', '::1'])('takes %s in NO_PROXY for the address', (entry) => {
    expect(routes({ HTTPS_PROXY: 'http://b', NO_PROXY: entry }, new URL('https://[::1]:8443'))).toEqual(['direct']);
  });

  it.each(['socks5://secret:secret@a', 'http://secret:%zz@a', 'http://secret@a/secret', 'http://', 'http://a?secret'])(
    'refuses %s, without repeating what it says',
    (proxy) => {
      const problems: string[] = [];
      readProxyPlan({ VEDETTE_PROXY: proxy }, problems);
      expect(problems).toHaveLength(1);
      expect(problems.join()).not.toContain('secret:');
      expect(problems.join()).not.toContain('secret@a');
    },
  );

  it('refuses a fall-back it does not know', () => {
    const problems: string[] = [];
    readProxyPlan({ VEDETTE_PROXY_FALLBACK: 'yes' }, problems);
    expect(problems).toHaveLength(1);
  });

  it('does not print the password', () => {
    const { proxies } = readProxyPlan({ VEDETTE_PROXY: 'http://agent:p%40ss@a:3128' }, []);
    expect(JSON.stringify(proxies)).not.toMatch(/p%40ss|p@ss|agent/);
    expect(proxies[0]?.authorization()).toBe(`Basic ${Buffer.from('agent:p@ss').toString('base64')}`);
  });
});
