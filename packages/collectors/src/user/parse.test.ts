import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { user } from './index.ts';
import { parseGroup, parsePasswd, parseShadow } from './parse.ts';

describe('parsePasswd', () => {
  it.each([
    ['x', 'shadowed'],
    ['', 'none'],
    ['*', 'locked'],
    ['!', 'locked'],
    ['$6$salt$hash', 'set'],
  ])('takes password field %j as %s', (field, password) => {
    const { accounts } = parsePasswd(`root:${field}:0:0:root:/root:/bin/bash\n`);
    expect(accounts).toEqual([{ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/bash', password }]);
  });

  it.each([
    ':x:0:0::/:/bin/sh',
    'a:x:-1:0::/:/bin/sh',
    'a:x:0:4294967295::/:/bin/sh',
    'a:x:1e3:0::/:/bin/sh',
    'a:x:0:0::/',
    'noise',
  ])('counts %j as malformed', (line) => expect(parsePasswd(line)).toEqual({ accounts: [], malformed: 1 }));

  it.each(['', '# comment', '+::::::', '-someone', '  '])('skips %j', (line) => {
    expect(parsePasswd(line)).toEqual({ accounts: [], malformed: 0 });
  });

  it('keeps the first account of a name, as getpwnam does', () => {
    expect(parsePasswd('a:x:1:1::/:/a\na:x:0:0::/:/b\n').accounts.map(({ uid }) => uid)).toEqual([1]);
  });

  it('takes any text', () => {
    const check = (text: string): void => {
      for (const { uid, gid } of parsePasswd(text).accounts) expect(Number.isSafeInteger(uid) && uid >= 0 && gid >= 0).toBe(true);
      parseShadow(text);
      parseGroup(text);
    };
    fc.assert(fc.property(hostileText('a:x:0:0::/:/bin/sh\n', '::'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('parseShadow', () => {
  it.each([
    ['a::1:', 'none'],
    ['a:!$6$x$y:1:', 'locked'],
    ['a:*:1:', 'locked'],
    ['a:$y$j9T$secret:1:', 'set'],
  ])('%j → %s', (line, state) => expect([...parseShadow(line)]).toEqual([['a', state]]));
});

describe('parseGroup', () => {
  it('files members under their accounts, sorted and once', () => {
    const groups = parseGroup('sudo:x:27:ann,bob\nadm:x:4:ann,,ann\n__proto__:x:5:bob\nbroken\n');
    expect([...groups]).toEqual([
      ['ann', ['adm', 'sudo']],
      ['bob', ['__proto__', 'sudo']],
    ]);
  });
});

describe('user collector', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\n';

  it('reports no part of a hash', async () => {
    const host = fakeHost({
      '/etc/passwd': passwd,
      '/etc/shadow': 'root:$y$j9T$verysecret:1::::::\n',
      '/etc/group': 'adm:x:4:root\n',
    });
    const run = await runCollector(user, host);
    expect(run.rows).toMatchObject([{ name: 'root', password: 'set', groups: ['adm'] }]);
    expect(JSON.stringify(run)).not.toContain('secret');
  });

  it('says unknown when shadow may not be read, and is partial', async () => {
    const run = await runCollector(user, fakeHost({ '/etc/passwd': passwd, '/etc/shadow': { error: 'DENIED' } }));
    expect(run).toMatchObject({ status: 'partial', rows: [{ password: 'unknown' }], problems: [{ code: 'DENIED' }] });
  });
});
