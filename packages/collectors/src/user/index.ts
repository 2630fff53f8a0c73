import { userFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { parseGroup, parsePasswd, parseShadow } from './parse.ts';

const limit = { maxBytes: 8 * 1024 * 1024 };

export const user = defineCollector({
  fact: userFact,
  describes: 'Accounts of this host; of their passwords only whether there is one.',
  requires: { platforms: ['linux'] },
  cost: { reads: ['/etc/passwd', '/etc/group', '/etc/shadow'], maxBytes: limit.maxBytes },
  essential: ['/etc/passwd'],
  watches: ['/etc/passwd', '/etc/group', '/etc/shadow'],
  refreshSeconds: null,
  async rows(host) {
    const { accounts, malformed } = parsePasswd(host.readText('/etc/passwd', limit) ?? '');
    const groups = parseGroup(host.readText('/etc/group', limit) ?? '');
    const shadow = parseShadow(host.readText('/etc/shadow', limit) ?? '');
    const rows = accounts.map(({ password, ...account }) => ({
      ...account,
      password: password === 'shadowed' ? (shadow.get(account.name) ?? 'unknown') : password,
      groups: groups.get(account.name) ?? [],
    }));
    return { rows, problems: malformed > 0 ? [{ path: '/etc/passwd', code: 'MALFORMED' }] : [] };
  },
});
