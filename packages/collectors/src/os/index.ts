import { osFact } from '@vedette/protocol';
import { defineCollector } from '../collector.ts';
import { debianArchitecture, parseOsRelease } from './parse.ts';

const limit = { maxBytes: 64 * 1024 };

export const os = defineCollector({
  fact: osFact,
  describes: 'Operating system identity and host name.',
  requires: { platforms: ['linux'] },
  cost: {
    reads: ['/etc/os-release', '/usr/lib/os-release', '/proc/sys/kernel/hostname', '/etc/hostname', '/var/lib/dpkg/arch'],
    maxBytes: limit.maxBytes,
  },
  essential: ['/etc/os-release'],
  watches: ['/etc/os-release', '/usr/lib/os-release', '/etc/hostname', '/var/lib/dpkg/arch', 'hostname'],
  refreshSeconds: null,
  async rows(host) {
    const release = parseOsRelease(host.readText('/etc/os-release', limit) ?? host.readText('/usr/lib/os-release', limit) ?? '');
    const hostname = host.readText('/proc/sys/kernel/hostname', limit) ?? host.readText('/etc/hostname', limit) ?? '';
    // Written by dpkg once a foreign architecture is added; its first line is the native one, which a 32-bit system on
    // a 64-bit kernel needs.
    const [native = ''] = (host.readText('/var/lib/dpkg/arch', limit) ?? '').split('\n');
    const row = {
      // os-release(5): "If not set, a default of ID=linux may be used."
      id: release.get('ID') ?? 'linux',
      idLike: release.get('ID_LIKE') ?? '',
      versionId: release.get('VERSION_ID') ?? '',
      codename: release.get('VERSION_CODENAME') ?? '',
      prettyName: release.get('PRETTY_NAME') ?? release.get('NAME') ?? 'Linux',
      hostname: hostname.trim(),
      architecture: native.trim() || debianArchitecture(host.architecture),
    };
    return { rows: [row] };
  },
});
