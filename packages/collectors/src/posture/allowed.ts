import type { Host } from '../host.ts';

/**
 * What a manifest may make an agent read. The platform is not trusted with more than it says it needs: whoever takes it over must not get at
 * secrets by asking for them. So these lists are part of the agent, not of the manifest, and what they do not name is not read:
 *
 * - the status of a file (is it there, what kind, which mode, whose) below the roots of the system, never of homes, processes or devices;
 * - names in a directory only where names are the system's own;
 * - contents only of the files listed, which hold settings; of those no line that looks like a secret (secrets.ts);
 * - the configuration of sshd only by keyword: SetEnv and commands in it may hold anything;
 * - hashes also of programs.
 *
 * Links are followed first: what counts is where they lead.
 */
type Use = 'status' | 'names' | 'content' | 'sshd' | 'hash';

const statusRoots = ['/etc', '/usr', '/boot', '/opt', '/bin', '/sbin', '/lib', '/lib64', '/var/spool/cron', '/var/log', '/root'];
/** Only these themselves. */
const statusFiles = ['/', '/tmp', '/var/tmp', '/dev/shm', '/var', '/home', '/run/systemd/system'];
const nameRoots = ['/etc', '/usr', '/boot', '/opt', '/var/spool/cron'];
const vulnerabilities = '/sys/devices/system/cpu/vulnerabilities';

/** Where distributions keep it; the first that is there counts. */
export const sshdConfigurations = ['/etc/ssh/sshd_config', '/usr/etc/ssh/sshd_config'];
/** What it includes there; on rpm systems the policy of the system, behind links. */
const sshdFolders = ['/etc/ssh/sshd_config.d', '/usr/etc/ssh/sshd_config.d', '/etc/crypto-policies/back-ends'];
const sshdPolicies = ['/usr/share/crypto-policies'];

const settingsFiles = [
  '/etc/login.defs',
  '/etc/security/pwquality.conf',
  '/etc/security/faillock.conf',
  '/etc/security/limits.conf',
  '/etc/sysctl.conf',
  '/etc/apt/apt.conf',
  '/etc/dnf/dnf.conf',
  '/etc/dnf/automatic.conf',
  '/etc/yum.conf',
  '/etc/ssl/openssl.cnf',
  '/usr/lib/ssl/openssl.cnf',
  '/etc/pki/tls/openssl.cnf',
  '/etc/crypto-policies/config',
  '/etc/crypto-policies/state/current',
  '/etc/os-release',
  '/usr/lib/os-release',
  '/etc/debian_version',
  '/etc/redhat-release',
  '/etc/default/grub',
  '/etc/audit/auditd.conf',
  '/etc/selinux/config',
  '/etc/systemd/journald.conf',
  '/etc/systemd/logind.conf',
  '/etc/systemd/system.conf',
  '/sys/kernel/security/lockdown',
];
/** All that stands directly in them. */
const settingsFolders = [
  '/etc/security/limits.d',
  '/etc/sysctl.d',
  '/usr/lib/sysctl.d',
  '/run/sysctl.d',
  '/etc/apt/apt.conf.d',
  '/etc/modprobe.d',
  vulnerabilities,
];
const programRoots = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/lib',
  '/usr/lib64',
  '/usr/libexec',
  '/bin',
  '/sbin',
  '/lib',
  '/lib64',
  '/boot',
];

/** Where this path leads when it may be used so; null when it may not. Throws what the host throws. */
export function allowedPath(host: Host, path: string, use: Use): string | null {
  if (!isPlain(path) || !isAllowed(path, use)) return null;
  const real = realPath(host, path);
  return real !== null && isAllowed(real, use) ? real : null;
}

/** Absolute, and without parts that a person would not write. */
function isPlain(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  return path.length <= 512 && /^\/(?!.*\/\/)[^\u0000-\u001f]*$/.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path);
}

function isAllowed(path: string, use: Use): boolean {
  switch (use) {
    case 'status':
      return statusFiles.includes(path) || isBelow(path, statusRoots) || isBelow(path, [vulnerabilities]);
    case 'names':
      return isBelow(path, nameRoots) || path === vulnerabilities;
    case 'content':
      return settingsFiles.includes(path) || settingsFolders.includes(folderOf(path));
    case 'sshd':
      return sshdConfigurations.includes(path) || sshdFolders.includes(folderOf(path)) || isBelow(path, sshdPolicies);
    case 'hash':
      return isAllowed(path, 'content') || isBelow(path, programRoots);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function isBelow(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}

const maxLinks = 16;

/** The path without links in any of its parts; null for one that goes in a circle. What does not exist is taken as it is written. */
function realPath(host: Host, path: string): string | null {
  let done = '';
  let rest = path.split('/').filter((part) => part !== '');
  for (let links = 0; rest.length > 0;) {
    const [part = '', ...after] = rest;
    rest = after;
    if (part === '.') continue;
    if (part === '..') {
      done = done.slice(0, Math.max(done.lastIndexOf('/'), 0));
      continue;
    }
    const target = host.readLink(`${done}/${part}`);
    if (target === null) {
      done = `${done}/${part}`;
      continue;
    }
    links += 1;
    if (links > maxLinks) return null;
    if (target.startsWith('/')) done = '';
    rest = [...target.split('/').filter((each) => each !== ''), ...rest];
  }
  return done === '' ? '/' : done;
}

/** Names of kernel parameters that are secrets, or tell one boot or machine from another. */
const secretParameter = /(?:^|[._])(?:random|keys?|secret|seed|uuid|boot_id|cookie)(?:[._]|$)/;

/** Path of a kernel parameter; null for one that is not to be told. */
export function allowedParameter(parts: readonly string[]): string | null {
  if (parts.length < 2 || parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('/'))) return null;
  if (!['kernel', 'net', 'fs', 'vm', 'dev', 'user'].includes(parts[0] ?? '')) return null;
  return secretParameter.test(parts.join('.')) ? null : `/proc/sys/${parts.join('/')}`;
}
