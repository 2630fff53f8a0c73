import { readFileSync } from 'node:fs';
import { fakeHost, type FakeFile } from '@vedette/testkit';
import { readManifest, postureWithMemory, runCollector } from '@vedette/collectors';
import { buildPostureChecks, judge, type InventoryElement, meetsRequirement } from '@vedette/matching';
import { checkNumber, isPostureCheck, type Lifecycle, PostureContent } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';

const { checks: content } = PostureContent.parse(
  JSON.parse(readFileSync(new URL('../content/posture/linux.json', import.meta.url), 'utf8')),
);
const lifecycle = (release: string, securitySupportEnds: string, extendedSupportEnds: string | null): Lifecycle => ({
  feed: 'end-of-life',
  product: 'debian',
  cycle: release,
  ecosystem: 'debian',
  release,
  released: null,
  isLongTerm: false,
  activeSupportEnds: null,
  securitySupportEnds,
  extendedSupportEnds,
});
const lifecycles = [
  lifecycle('stretch', '2020-07-06', '2022-06-30'),
  lifecycle('bookworm', '2026-06-10', '2028-06-30'),
  lifecycle('trixie', '2028-08-09', '2030-06-30'),
];
const checks = buildPostureChecks(content, { lifecycles, today: '2026-11-22' });
const statements = checks.flatMap((check) => check.affected.map((one) => ({ ...one, check: check.number })));

type Files = Readonly<Record<string, FakeFile>>;

/** What the checks say of a machine with these files: numbers of those that fail, and of those that pass. */
async function judged(files: Files): Promise<{ failed: number[]; passed: number[] }> {
  const probes = [...new Map(content.flatMap(({ reads }) => reads.map(({ probe }) => [probe.id, probe]))).values()];
  const manifest = readManifest(JSON.stringify({ format: 1, version: 1, probes }));
  const { rows } = await runCollector(postureWithMemory(manifest.probes, new Map()), fakeHost(files));
  const verdicts = rows.flatMap((row) => {
    const { probe, subject, value, where } = row as Readonly<Record<string, string>>;
    const element: InventoryElement = {
      ecosystem: 'posture',
      release: '',
      name: subject ?? '',
      version: value ?? '',
      architecture: '',
      source: probe ?? '',
      sourceVersion: where ?? '',
      role: 'installed',
    };
    return judge(element, statements);
  });
  const numbers = (wanted: string) => verdicts.filter(({ verdict }) => verdict === wanted).map(({ check }) => check - 3_000_000);
  const failed = new Set(numbers('affected'));
  return { failed: [...failed], passed: [...new Set(numbers('not-affected'))].filter((number) => !failed.has(number)) };
}

const sshd = (text: string): Files => ({ '/usr/sbin/sshd': '', '/etc/ssh/sshd_config': text });
const file = (path: string, mode: number, gid = 0, uid = 0): Files => ({
  '/etc/group': 'root:x:0:\nshadow:x:42:\n',
  [path]: { content: '', mode, gid, uid },
});
const sysctl = (name: string, value: string): Files => ({ [`/proc/sys/${name.replaceAll('.', '/')}`]: `${value}\n` });
const apt = (text: string): Files => ({
  '/etc/apt/apt.conf.d/20auto-upgrades': text,
  '/usr/bin/unattended-upgrade': '',
  '/etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer': '',
  '/lib/systemd/system/apt-daily-upgrade.timer': '[Install]\nWantedBy=timers.target\n',
});
const openssl = (text: string): Files => ({ '/etc/ssl/openssl.cnf': text });
const cpu = (text: string): Files => ({ '/sys/devices/system/cpu/vulnerabilities/mds': `${text}\n` });
const release = (codename: string): Files => ({ '/etc/os-release': `ID=debian\nVERSION_CODENAME=${codename}\n` });

describe('the posture checks that the platform comes with', () => {
  it('have numbers of their own, ascending, each once', () => {
    const numbers = content.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(checks.map(({ number, name }) => checkNumber(name) === number && isPostureCheck(number))).not.toContain(false);
  });

  it('say what to do, in commands that overwrite nothing that another one wrote', () => {
    for (const { fix } of content) {
      for (const command of fix.commands) expect(command).not.toMatch(/[^>]> \/etc\/(?:ssh|sysctl\.d)/);
      expect(fix.advice).toMatch(/\.$/);
    }
  });

  it.each<[number, string, Files, Files]>([
    [101, 'root login', sshd('PermitRootLogin yes'), sshd('PermitRootLogin prohibit-password')],
    [101, 'root login in a Match block', sshd('PermitRootLogin no\nMatch User git\nPermitRootLogin yes'), sshd('')],
    [102, 'passwords', sshd(''), sshd('PasswordAuthentication no')],
    [103, 'empty passwords', sshd('PermitEmptyPasswords yes'), sshd('')],
    [104, 'X11', sshd('X11Forwarding yes'), sshd('X11Forwarding no')],
    [105, 'ciphers', sshd('Ciphers aes256-ctr,aes128-cbc'), sshd('Ciphers aes256-gcm@openssh.com,aes256-ctr')],
    [105, 'ciphers added', sshd('Ciphers +3des-cbc'), sshd('Ciphers -*-cbc')],
    [106, 'codes', sshd('MACs hmac-md5-96-etm@openssh.com'), sshd('MACs hmac-sha2-256,umac-128@openssh.com')],
    [107, 'key exchange', sshd('KexAlgorithms diffie-hellman-group14-sha1'), sshd('KexAlgorithms curve25519-sha256')],
    [108, 'signatures', sshd('PubkeyAcceptedKeyTypes ssh-rsa'), sshd('HostKeyAlgorithms rsa-sha2-512')],
    [109, 'protocol', sshd('Protocol 2,1'), sshd('Protocol 2')],
    [110, 'rhosts', sshd('IgnoreRhosts no'), sshd('HostbasedAuthentication no')],
    [111, 'environment', sshd('PermitUserEnvironment yes'), sshd('')],
    [112, 'log', sshd('LogLevel QUIET'), sshd('LogLevel VERBOSE')],
    [113, 'tries', sshd('MaxAuthTries 20'), sshd('MaxAuthTries 3')],
    [114, 'modes', sshd('StrictModes no'), sshd('StrictModes yes')],
    [201, 'shadow', file('/etc/shadow', 0o644, 42), file('/etc/shadow', 0o640, 42)],
    [201, 'shadow of another', file('/etc/shadow', 0o600, 0, 1000), file('/etc/shadow', 0o000)],
    [202, 'gshadow', file('/etc/gshadow', 0o660, 42), file('/etc/gshadow', 0o640, 42)],
    [203, 'passwd', file('/etc/passwd', 0o664), file('/etc/passwd', 0o644)],
    [204, 'host key', file('/etc/ssh/ssh_host_rsa_key', 0o644), file('/etc/ssh/ssh_host_rsa_key', 0o600)],
    [205, 'sudoers', file('/etc/sudoers.d/90-cloud', 0o666), file('/etc/sudoers', 0o440)],
    [206, 'sshd_config', file('/etc/ssh/sshd_config', 0o646), file('/etc/ssh/sshd_config.d/1.conf', 0o600)],
    [207, 'cron', file('/etc/cron.d/job', 0o777), file('/etc/crontab', 0o644)],
    [208, 'programs', file('/usr/local/bin/tool', 0o757), file('/usr/local/bin/tool', 0o755)],
    [209, 'settings', file('/etc/profile.d/x.sh', 0o666), file('/etc/profile.d/x.sh', 0o644)],
    [210, 'temporary files', file('/tmp', 0o777), file('/tmp', 0o1777)],
    [210, 'temporary files that only root may write', file('/tmp', 0o777), file('/tmp', 0o755)],
    [211, 'home of root', file('/root', 0o755), file('/root', 0o700)],
    [212, 'keys of root', file('/root/.ssh/authorized_keys', 0o666), file('/root/.ssh/authorized_keys', 0o600)],
    ...(
      [
        [301, 'kernel.kptr_restrict', '0', '2'],
        [302, 'kernel.dmesg_restrict', '0', '1'],
        [303, 'kernel.yama.ptrace_scope', '0', '1'],
        [304, 'kernel.unprivileged_bpf_disabled', '0', '2'],
        [305, 'fs.protected_symlinks', '0', '1'],
        [306, 'fs.protected_regular', '0', '2'],
        [307, 'fs.suid_dumpable', '1', '2'],
        [308, 'kernel.randomize_va_space', '1', '2'],
        [309, 'net.ipv4.conf.default.rp_filter', '0', '2'],
        [310, 'net.ipv6.conf.all.accept_redirects', '1', '0'],
        [311, 'net.ipv4.conf.all.accept_source_route', '1', '0'],
        [312, 'net.ipv4.tcp_syncookies', '0', '1'],
        [313, 'kernel.perf_event_paranoid', '-1', '3'],
        [314, 'vm.mmap_min_addr', '0', '65536'],
      ] as const
    ).map(([number, name, bad, good]): [number, string, Files, Files] => [number, name, sysctl(name, bad), sysctl(name, good)]),
    [401, 'release without support', release('stretch'), release('trixie')],
    [402, 'release with extended support', release('bookworm'), release('trixie')],
    [403, 'unattended upgrades', apt('APT::Periodic::Unattended-Upgrade "0";'), apt('APT::Periodic::Unattended-Upgrade "1";')],
    [403, 'no unattended upgrades', { '/etc/apt/apt.conf.d/01x': '' }, apt('APT::Periodic { Unattended-Upgrade "1d"; };')],
    [
      404,
      'dnf-automatic',
      { '/etc/dnf/dnf.conf': '' },
      {
        '/etc/dnf/dnf.conf': '',
        '/usr/lib/systemd/system/dnf-automatic.timer': '[Install]\nWantedBy=timers.target',
        '/etc/systemd/system/timers.target.wants/dnf-automatic.timer': '',
      },
    ],
    [
      501,
      'processor',
      cpu('Vulnerable: Clear CPU buffers attempted, no microcode'),
      cpu('Mitigation: Clear CPU buffers; SMT vulnerable'),
    ],
    [501, 'processor under KVM', cpu('KVM: Vulnerable'), cpu('Not affected')],
    [601, 'TLS', openssl('[system_default_sect]\nMinProtocol = TLSv1.0'), openssl('[other]\nMinProtocol = TLSv1.0')],
    [
      602,
      'level',
      openssl('[system_default_sect]\nCipherString = DEFAULT:@SECLEVEL=1'),
      openssl('[system_default_sect]\nCipherString = DEFAULT@SECLEVEL=2'),
    ],
    [603, 'policy', { '/etc/crypto-policies/config': '# x\nLEGACY\n' }, { '/etc/crypto-policies/config': 'DEFAULT\n' }],
    [604, 'hashes', { '/etc/login.defs': 'ENCRYPT_METHOD MD5' }, { '/etc/login.defs': 'ENCRYPT_METHOD YESCRYPT' }],
    [701, 'SELinux', { '/etc/selinux/config': 'SELINUX=permissive' }, { '/etc/selinux/config': 'SELINUX=enforcing' }],
  ])('VP-%i tells good from bad: %s', async (number, _, bad, good) => {
    expect((await judged(bad)).failed).toContain(number);
    const other = await judged(good);
    expect(other.failed).not.toContain(number);
    expect(other.passed).toContain(number);
  });

  it('find nothing, and call nothing good, on a machine that has none of it', async () => {
    expect(await judged({ '/etc/hostname': 'x' })).toEqual({ failed: [], passed: [209] });
  });

  it('say nothing of a release of which nothing is known', async () => {
    const found = await judged(release('sid'));
    expect([...found.failed, ...found.passed]).toEqual([209]);
  });

  it('say nothing of any release while nothing is known of their support', () => {
    const [supported] = buildPostureChecks(
      content.filter(({ number }) => number === 401),
      { lifecycles: [], today: '2026-11-22' },
    );
    expect(supported?.affected).toEqual([]);
  });
});

describe('meetsRequirement', () => {
  it.each([
    [{ oneOf: ['no'] }, 'NO', true],
    [{ without: ['*-cbc'] }, 'a,b-cbc', false],
    [{ without: ['*-cbc'] }, 'a,b-cbc@x', true],
    [{ unlike: ['*a*b*'] }, 'xaxbx', false],
    [{ unlike: ['ab*ba'] }, 'aba', true],
    [{ atLeast: 1 }, 'one', false],
    [{ atLeast: 1 }, '999999999999999999999', false],
    [{ modeWithin: '0644' }, 'file 4644 root:root', false],
    [{ modeWithin: '0644' }, 'none', false],
    [{ known: ['a'], unlike: ['a'] }, 'b', null],
    [{ unset: '1', atLeast: 1 }, '(not set)', true],
    [{ atLeast: 1 }, '(not set)', false],
    [{ present: true as const }, '(absent)', false],
    [{ atLeast: 1 }, '(absent)', null],
    [{ atLeast: 1 }, '(unreadable)', null],
    [{ atLeast: 1 }, '(too large)', null],
  ])('%j of %s is %s', (requirement, value, expected) => expect(meetsRequirement(requirement, value)).toBe(expected));
});
