import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileText, oversizedTexts } from '@vedette/testkit';
import { settingsIn } from './parse.ts';
import { looksSecret, withoutSecrets } from './secrets.ts';
import { effectiveSettings, sshdSettings } from './sshd.ts';

describe('settingsIn', () => {
  const openssl =
    '# comment\n[ default_sect ]\nMinProtocol = TLSv1\n[system_default_sect]\nMinProtocol = TLSv1.2 # why\nCipherString="DEFAULT@SECLEVEL=2"\n';
  it.each([
    ['ini', 'system_default_sect', 'MinProtocol', openssl, ['TLSv1.2']],
    ['ini', undefined, 'minprotocol', openssl, ['TLSv1', 'TLSv1.2']],
    ['ini', 'system_default_sect', 'CipherString', openssl, ['DEFAULT@SECLEVEL=2']],
    ['ini', 'other', 'MinProtocol', openssl, []],
    ['words', undefined, 'ENCRYPT_METHOD', '#ENCRYPT_METHOD DES\nENCRYPT_METHOD\tSHA512\n', ['SHA512']],
    ['words', undefined, 'A', 'a = 1\nA 2\nAB 3\n', ['1', '2']],
    ['apt', undefined, 'APT::Periodic::Unattended-Upgrade', 'APT::Periodic::Unattended-Upgrade "1";', ['1']],
    ['apt', undefined, 'APT::Periodic::Unattended-Upgrade', '// APT::Periodic::Unattended-Upgrade "1";\n', []],
    ['apt', undefined, 'APT::Periodic::Unattended-Upgrade', '/* x */ apt { Periodic { Unattended-Upgrade "1"; }; };', ['1']],
    ['apt', undefined, 'APT::Periodic::Unattended-Upgrade', 'APT::Periodic { A "{"; Unattended-Upgrade "0"; # no\n}', ['0']],
  ] as const)('%s [%s] %s', (...[format, section, key, text, values]) => {
    expect(settingsIn(text, { format, section, key })).toEqual(values);
  });

  it('takes any text', () => {
    for (const format of ['ini', 'words', 'apt'] as const) {
      const check = (text: string): void => {
        for (const value of settingsIn(text, { format, key: 'name' })) expect(text).toContain(value.slice(0, 1));
      };
      fc.assert(fc.property(hostileText('name', '{', '}', ';', '/*', '//', '[a]'), check));
      for (const text of oversizedTexts) check(text);
    }
  });
});

describe('sshdSettings', () => {
  const read = (key: string, files: Record<string, string>) =>
    effectiveSettings(
      sshdSettings('/etc/ssh/sshd_config', key, {
        read: (path) => files[path] ?? null,
        expand: (pattern) => Object.keys(files).filter((path) => path.startsWith(pattern.replace(/\*.*/, ''))),
      }),
    ).map(({ value, match }) => (match === null ? value : `${match}: ${value}`));
  const main = '/etc/ssh/sshd_config';
  const dropIn = '/etc/ssh/sshd_config.d/50-cloud.conf';

  it.each([
    ['the first value counts', { [main]: 'permitrootlogin no\nPermitRootLogin yes\n' }, ['no']],
    [
      'a drop-in that is included first',
      { [main]: 'Include sshd_config.d/*.conf\nPermitRootLogin no\n', [dropIn]: 'PermitRootLogin=yes' },
      ['yes'],
    ],
    [
      'a drop-in that is included last',
      { [main]: 'PermitRootLogin no\nInclude /etc/ssh/sshd_config.d/*.conf\n', [dropIn]: 'PermitRootLogin yes' },
      ['no'],
    ],
    ['comments', { [main]: '#PermitRootLogin yes\nPermitRootLogin "no" # safe\n' }, ['no']],
    [
      'Match blocks beside what holds for all',
      { [main]: 'PermitRootLogin no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n' },
      ['no', 'Address 10.0.0.0/8: yes'],
    ],
    [
      'a Match block that ends with its file',
      { [main]: 'Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no', [dropIn]: 'Match User git\nPermitRootLogin yes' },
      ['User git: yes', 'no'],
    ],
    [
      'a file that is included inside a block',
      { [main]: 'Match User git\nInclude /etc/ssh/sshd_config.d/*.conf', [dropIn]: 'PermitRootLogin yes' },
      ['User git: yes'],
    ],
    ['nothing set', { [main]: 'Port 22' }, []],
    ['a circle of files', { [main]: `Include ${main}\nPermitRootLogin no` }, ['no']],
  ] as const)('%s', (_, files, values) => expect(read('PermitRootLogin', files)).toEqual(values));

  it.each([
    ['Ciphers +aes128-cbc', ['aes128-cbc']],
    ['Ciphers ^3des-cbc,aes256-ctr', ['3des-cbc,aes256-ctr']],
    ['Ciphers -*-cbc', []],
  ])('%s', (line, values) => expect(read('Ciphers', { [main]: line })).toEqual(values));

  it('knows a keyword under its older name', () => {
    expect(read('KbdInteractiveAuthentication', { [main]: 'ChallengeResponseAuthentication yes' })).toEqual(['yes']);
  });
});

describe('withoutSecrets', () => {
  it.each([
    'Acquire::http::Proxy "http://user:hunter2@proxy:3128";',
    'proxy_password = x',
    'email_pass: y',
    'root:$6$salt$hash:19000:0',
    'token=abc',
    'AKIAIOSFODNN7EXAMPLEAKIA',
    'id 123e4567-e89b-12d3-a456-426614174000',
    'key \\\n  password here',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\nbnNz\n-----END OPENSSH PRIVATE KEY-----',
    '-----BEGIN PGP MESSAGE-----\nabc\nwithout an end',
  ])('leaves out %j', (text) => {
    expect(withoutSecrets(`before\n${text}`).trim()).toBe('before');
  });

  it.each(['MinProtocol = TLSv1.2', 'kernel.kptr_restrict = 1', 'max_log_file = 8', 'Mitigation: usercopy/swapgs barriers'])(
    'keeps %j',
    (line) => expect(withoutSecrets(line)).toBe(line),
  );

  it('never lengthens a text, and leaves out the same when asked again', () => {
    fc.assert(
      fc.property(hostileText('password', '://a@', '-----BEGIN', '-----END', '\\\n'), (text) => {
        const once = withoutSecrets(text);
        expect(once.length).toBeLessThanOrEqual(text.length);
        expect(withoutSecrets(once)).toBe(once);
      }),
    );
  });
});

it.each([
  ['PASS_MAX_DAYS', '99999', false],
  ['db_password', 'x', true],
  ['Proxy', 'http://u:p@h', true],
  ['a', '$y$j9T$abc', true],
])('looksSecret %s %s is %s', (name, value, is) => expect(looksSecret(name, value)).toBe(is));
