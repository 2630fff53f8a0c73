import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Probe } from '@vedette/protocol';
import { type FakeFile, fakeHost } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { postureWithMemory, type PostureMemory } from './index.ts';

type Wanted = Probe extends infer Each ? (Each extends Probe ? Omit<Each, 'id'> : never) : never;

const secret = 'hunter2-Tr0ub4dor';
/** A machine with secrets in every place where they lie on real ones. */
const machine: Record<string, FakeFile> = {
  '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nlp:x:7:7::/:/bin/false\n',
  '/etc/group': 'root:x:0:\nshadow:x:42:\n',
  '/etc/shadow': { content: `root:$6$abc$${secret}:19000::::::\n`, mode: 0o640, gid: 42 },
  '/etc/ssh/ssh_host_ed25519_key': { content: `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n`, mode: 0o600 },
  '/etc/ssh/sshd_config': `Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\nSetEnv A=${secret}\nForceCommand x ${secret}\n`,
  '/etc/ssh/sshd_config.d/stolen.conf': { link: '/etc/shadow' },
  '/etc/apt/apt.conf.d/90proxy': `Acquire::http::Proxy "http://user:${secret}@proxy:3128";\nAPT::Periodic::Unattended-Upgrade "1";\n`,
  '/etc/dnf/dnf.conf': `[main]\nproxy_password = ${secret}\ngpgcheck=1\n`,
  '/etc/sysctl.d/link.conf': { link: '/etc/shadow' },
  '/etc/modprobe.d': { link: '/root' },
  '/root/.ssh/id_ed25519': secret,
  '/root/key.conf': secret,
  '/home/ada/notes': secret,
  '/proc/self/environ': `TOKEN=${secret}`,
  '/proc/1/environ': `TOKEN=${secret}`,
  '/proc/sys/kernel/kptr_restrict': '1\n',
  '/proc/sys/kernel/random/boot_id': secret,
  '/proc/sys/net/ipv4/tcp_fastopen_key': secret,
  '/proc/sys/net/ipv6/conf/all/stable_secret': secret,
  '/usr/bin/true': { content: 'ELF', mode: 0o755 },
  '/usr/bin/loose': { content: '', mode: 0o777, uid: 7, gid: 7 },
  '/usr/bin/key': { link: '/etc/shadow' },
  '/sys/devices/system/cpu/vulnerabilities/meltdown': 'Vulnerable\n',
  '/etc/os-release': 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
  '/usr/lib/systemd/system/apt.timer': '[Install]\nWantedBy=timers.target\n',
  '/etc/systemd/system/timers.target.wants/apt.timer': { link: '/usr/lib/systemd/system/apt.timer' },
};

async function read(wanted: Wanted, files = machine) {
  const host = fakeHost(files);
  const run = await runCollector(postureWithMemory([{ id: 'p', ...wanted } as Probe], new Map()), host);
  return { rows: run.rows.map(({ subject, value }) => `${String(subject)}: ${String(value)}`), log: host.log, run };
}

describe('posture collector', () => {
  it.each<[Wanted, string[]]>([
    [{ kind: 'file', path: '/etc/shadow' }, ['/etc/shadow: file 0640 root:shadow']],
    [{ kind: 'file', path: '/etc/ssh/ssh_host_*_key' }, ['/etc/ssh/ssh_host_ed25519_key: file 0600 root:root']],
    [{ kind: 'file', path: '/etc/gshadow' }, ['/etc/gshadow: (absent)']],
    [{ kind: 'file', path: '/etc/gshadow', onlyIf: '/etc/nothing' }, [': (not applicable)']],
    [
      { kind: 'writable', directories: ['/usr/bin', '/etc/ssh', '/opt'] },
      ['/usr/bin/loose: file 0777 lp:7', '/etc/ssh: none', '/opt: (absent)'],
    ],
    [
      { kind: 'hash', path: '/usr/bin/true' },
      ['/usr/bin/true: 06d2158cd2a7bd9e5b5ed2aa2b6e2e8b75a3fdeb4fd7cc4d3d28f3d0c8f0c7b6'.slice(0, 15)],
    ],
    [
      { kind: 'line', path: '/sys/devices/system/cpu/vulnerabilities/*' },
      ['/sys/devices/system/cpu/vulnerabilities/meltdown: Vulnerable'],
    ],
    [{ kind: 'extract', path: '/etc/dnf/dnf.conf', pattern: '^gpgcheck=(\\d)$' }, ['/etc/dnf/dnf.conf: 1']],
    [{ kind: 'extract', path: '/etc/dnf/dnf.conf', pattern: '^nothing$' }, ['/etc/dnf/dnf.conf: (not set)']],
    [{ kind: 'extract', path: '/etc/dnf/dnf.conf', pattern: '(' }, [': (not understood)']],
    [{ kind: 'extract', path: '/etc/dnf/dnf.conf', pattern: 'a{1000}' }, [': (not allowed)']],
    [
      {
        kind: 'setting',
        files: ['/etc/apt/apt.conf.d/*', '/etc/apt/apt.conf'],
        format: 'apt',
        key: 'APT::Periodic::Unattended-Upgrade',
        winner: 'last',
      },
      ['APT::Periodic::Unattended-Upgrade: 1'],
    ],
    [{ kind: 'sysctl', name: 'kernel.kptr_restrict' }, ['kernel.kptr_restrict: 1']],
    [{ kind: 'sysctl', name: 'kernel.none' }, ['kernel.none: (absent)']],
    [{ kind: 'unit', names: ['none.timer', 'apt.timer'] }, ['apt.timer: enabled']],
    [{ kind: 'release' }, ['operating system: debian bookworm']],
  ])('%o', async (wanted, rows) => {
    const found = await read(wanted);
    expect(found.rows.map((row, index) => row.slice(0, wanted.kind === 'hash' ? rows[index]?.length : undefined))).toEqual(rows);
    expect(found.run.status).toBe('complete');
  });

  it('tells a file that it may not read from one that is not there, and counts it as a problem', async () => {
    const found = await read(
      { kind: 'line', path: '/etc/crypto-policies/config' },
      { '/etc/crypto-policies/config': { error: 'DENIED' } },
    );
    expect(found).toMatchObject({ rows: ['/etc/crypto-policies/config: (unreadable)'], run: { status: 'partial' } });
  });

  it('says nothing of an SSH setting while a part of the configuration cannot be read', async () => {
    const files: Record<string, FakeFile> = { ...machine, '/etc/ssh/sshd_config.d/stolen.conf': { error: 'DENIED' } };
    expect((await read({ kind: 'sshd', key: 'PermitRootLogin' }, files)).rows).toEqual(['PermitRootLogin: (unreadable)']);
  });
});

describe('what a probe read', () => {
  const probes: Probe[] = [
    { id: 'a', kind: 'file', path: '/etc/passwd' },
    { id: 'b', kind: 'line', path: '/etc/os-release' },
    { id: 'c', kind: 'sysctl', name: 'kernel.kptr_restrict' },
  ];
  it('is read again only when what it watches has changed; a new probe reads only what it names', async () => {
    const memory: PostureMemory = new Map();
    const host = fakeHost(machine);
    const readNow = async (
      wanted: readonly Probe[],
      forget?: Parameters<NonNullable<ReturnType<typeof postureWithMemory>['forget']>>[0],
    ) => {
      const collector = postureWithMemory(wanted, memory);
      if (forget !== undefined) collector.forget?.(forget);
      host.log.length = 0;
      const { rows } = await runCollector(collector, host);
      return {
        probes: rows.map(({ probe }) => probe),
        files: [...new Set(host.log)].filter((path) => path.split('/').length > 2),
      };
    };
    expect((await readNow(probes)).files).toEqual(['/etc/passwd', '/etc/os-release', '/proc/sys/kernel/kptr_restrict']);
    // Parameters change without an event.
    expect(await readNow(probes)).toEqual({ probes: ['a', 'b', 'c'], files: ['/proc/sys/kernel/kptr_restrict'] });
    expect((await readNow(probes, '/etc/os-release')).files).toEqual(['/etc/os-release', '/proc/sys/kernel/kptr_restrict']);
    const more: Probe = { id: 'd', kind: 'file', path: '/etc/shadow' };
    expect(await readNow([...probes.slice(0, 2), more])).toEqual({
      probes: ['a', 'b', 'd'],
      files: ['/etc/shadow', '/etc/group'],
    });
    expect((await readNow(probes.slice(0, 2), null)).files).toEqual(['/etc/passwd', '/etc/os-release']);
    expect(memory.size).toBe(2);
  });
});

describe('a hostile platform', () => {
  const oracle = (kind: 'extract', path: string, pattern = '(?s)(.*)'): Wanted => ({ kind, path, pattern });
  it.each<Wanted>([
    oracle('extract', '/etc/shadow'),
    oracle('extract', '/etc/shadow*'),
    oracle('extract', '/etc/sysctl.d/../shadow'),
    oracle('extract', '/etc/sysctl.d//../shadow'),
    oracle('extract', '/etc/sysctl.d/./link.conf'),
    oracle('extract', '/etc/sysctl.d/link.conf'),
    oracle('extract', '/etc/sysctl.d/*'),
    oracle('extract', '/etc/modprobe.d/key.conf'),
    oracle('extract', '/etc/modprobe.d/*'),
    oracle('extract', '/proc/self/environ'),
    oracle('extract', '/proc/1/environ'),
    oracle('extract', '/root/.ssh/id_ed25519'),
    oracle('extract', '/home/ada/notes'),
    oracle('extract', '/etc/apt/apt.conf.d/90proxy'),
    oracle('extract', '/etc/apt/apt.conf.d/90proxy', 'user:(.)'),
    oracle('extract', '/etc/dnf/dnf.conf', 'password = (.)'),
    oracle('extract', '/etc/ssh/sshd_config', 'SetEnv A=(.+)'),
    { kind: 'line', path: '/etc/ssh/ssh_host_ed25519_key' },
    { kind: 'hash', path: '/etc/shadow' },
    { kind: 'hash', path: '/usr/bin/key' },
    { kind: 'hash', path: '/root/key.conf' },
    { kind: 'hash', path: '/etc/dnf/dnf.conf' },
    { kind: 'setting', files: ['/etc/dnf/dnf.conf'], format: 'ini', key: 'proxy_password', winner: 'last' },
    { kind: 'setting', files: ['/etc/apt/apt.conf.d/*'], format: 'apt', key: 'Acquire::http::Proxy', winner: 'last' },
    { kind: 'setting', files: ['/etc/shadow'], format: 'words', key: 'root', winner: 'last' },
    { kind: 'sshd', key: 'root' },
    { kind: 'sshd', key: 'ForceCommand' },
    { kind: 'sysctl', name: 'kernel.random.boot_id' },
    { kind: 'sysctl', name: 'net.ipv4.tcp_fastopen_key' },
    { kind: 'sysctl', name: 'net.ipv6.conf.*.stable_secret' },
    { kind: 'file', path: '/home/*' },
    { kind: 'file', path: '/root/*' },
    { kind: 'file', path: '/proc/*' },
    { kind: 'writable', directories: ['/home'] },
    { kind: 'writable', directories: ['/etc/modprobe.d'] },
  ])('learns nothing of secrets by %o', async (wanted) => {
    const { rows } = await read(wanted);
    const { rows: other } = await read(wanted, withSecret('another-S3cret!'));
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(rows)).not.toMatch(/ada|id_ed25519|key\.conf|environ"/);
    // Not a letter of it: with another secret the answer is the same.
    expect(rows).toEqual(other);
  });

  it('gets the same answers whatever the secrets are, whatever it asks', async () => {
    const path = fc.oneof(
      fc.constantFrom(...Object.keys(machine)),
      fc.constantFrom(
        '/etc/*',
        '/etc/ssh/*',
        '/etc/apt/apt.conf.d/*',
        '/root/.ssh/*',
        '/proc/1/*',
        '/etc/sysctl.d/*',
        '/etc/modprobe.d/*',
      ),
    );
    const pattern = fc.constantFrom('(?s)(.*)', '.', 'u(.*)@', 'hunter2', '^.*(T)', '(?i)TROUB', '[^ ]+$', '= (.*)', '(\\w+)@');
    const probe: fc.Arbitrary<Wanted> = fc.oneof(
      fc.record({ kind: fc.constant('extract' as const), path, pattern }),
      fc.record({ kind: fc.constantFrom('line' as const, 'hash' as const, 'file' as const), path }),
      fc.record({
        kind: fc.constant('sshd' as const),
        key: fc.constantFrom('SetEnv', 'ForceCommand', 'root', 'Include', 'PermitRootLogin'),
      }),
      fc.record({
        kind: fc.constant('setting' as const),
        files: fc.array(path, { minLength: 1, maxLength: 3 }),
        format: fc.constantFrom('ini' as const, 'words' as const, 'apt' as const),
        key: fc.constantFrom('root', 'SetEnv', 'proxy_password', 'Acquire::http::Proxy', 'TOKEN', 'gpgcheck', 'ForceCommand'),
        winner: fc.constantFrom('first' as const, 'last' as const),
      }),
    );
    await fc.assert(
      fc.asyncProperty(probe, async (wanted) => {
        const [one, other] = [await read(wanted), await read(wanted, withSecret('another-S3cret!'))];
        expect(one.rows).toEqual(other.rows);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps an agent busy for no longer than its text and pattern are long', async () => {
    const text = `${'a'.repeat(60_000)}!`;
    const files = { '/etc/login.defs': text.replaceAll(/.{20}/g, '$&\n') };
    expect((await read(oracle('extract', '/etc/login.defs', '^(a+)+$'), files)).rows).toHaveLength(1);
    expect((await read(oracle('extract', '/etc/login.defs', '(a|a?)+b'), files)).rows).toEqual(['/etc/login.defs: (not set)']);
  });

  it('gets values and rows of a bounded size', async () => {
    const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`/etc/cron.d/f${index}`, 'x'] as const));
    expect((await read({ kind: 'file', path: '/etc/cron.d/*' }, files)).rows).toHaveLength(64);
    const long = { '/etc/crypto-policies/config': 'ab '.repeat(1000) };
    expect((await read({ kind: 'line', path: '/etc/crypto-policies/config' }, long)).run.rows[0]?.['value']).toHaveLength(200);
    const large = { '/etc/login.defs': 'x'.repeat(70_000) };
    expect((await read(oracle('extract', '/etc/login.defs'), large)).rows).toEqual(['/etc/login.defs: (too large)']);
  });
});

function withSecret(other: string): typeof machine {
  const replaced = (file: FakeFile): FakeFile => {
    if (typeof file === 'string') return file.replaceAll(secret, other);
    return 'content' in file && typeof file === 'object' ? { ...file, content: file.content.replaceAll(secret, other) } : file;
  };
  return Object.fromEntries(Object.entries(machine).map(([path, file]) => [path, replaced(file)]));
}
