import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey, listAssets } from '@vedette/protocol';
import { eventually, PlatformProcess, type PrivateCopy, privateCopy, privateCopyRefusal } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const mustRun = process.env['CI'] === 'true';
const refusal = (await privateCopyRefusal()) ?? missingTool();
const systemdRefusal = refusal ?? (await privateCopyRefusal({ systemd: true }));
const patienceMs = 90_000;

function missingTool(): string | null {
  const lacking = ['dpkg-deb', 'rpmbuild', 'strip', 'curl'].filter((tool) => {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`]);
      return false;
    } catch {
      return true;
    }
  });
  return lacking.length === 0 ? null : `there is no ${lacking.join(', ')}`;
}

const skipped = (reason: string | null): string => (reason === null ? '' : ` (skipped: ${reason})`);

describe.skipIf(refusal !== null && !mustRun)(`the agent as a package${skipped(refusal)}`, () => {
  const stack = new AsyncDisposableStack();
  let platform: PlatformProcess;
  let packages: string;
  let packageFiles: { deb: string; rpm: string; tar: string };

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-package-test-'));
    stack.defer(() => rmSync(directory, { recursive: true }));
    packages = join(directory, 'packages');
    execFileSync(process.execPath, [join(repository, 'tools/package/main.ts'), '--fast', '--out', packages], { stdio: 'pipe' });
    const named = (ending: string): string => join(packages, readdirSync(packages).find((name) => name.endsWith(ending)) ?? '');
    packageFiles = { deb: named('.deb'), rpm: named('.rpm'), tar: named('.tar.gz') };
    platform = stack.use(await PlatformProcess.start({ VEDETTE_PACKAGES_DIR: packages }));
  });
  afterAll(() => stack.disposeAsync());

  async function newKey(): Promise<string> {
    return (await platform.client.call(createActivationKey, { body: { name: 'package test', maxUses: 1 } })).secret;
  }

  async function assets() {
    return (await platform.client.call(listAssets, { query: {} })).items;
  }

  /** Waits for the first inventory of an asset beyond those that were there. */
  function newAsset(known: readonly string[]): Promise<string> {
    return eventually('the first inventory', patienceMs, async () => {
      const found = (await assets()).find(({ assetId, packages: count }) => !known.includes(assetId) && count > 0);
      return found?.assetId ?? null;
    });
  }

  async function install(copy: PrivateCopy, key: string): Promise<string> {
    return copy.run('sh', ['-c', `curl -fsSL ${platform.url}/install.sh | VEDETTE_ACTIVATION_KEY=${key} sh`]);
  }

  const agentProcess = (copy: PrivateCopy): Promise<string> =>
    copy.run('sh', ['-c', 'pgrep -f "^/usr/lib/vedette-agent/node" || echo none']).then((output) => output.trim());

  /** The same package under another version, as the next release would be. */
  async function otherVersion(copy: PrivateCopy, version: string): Promise<string> {
    await copy.run('sh', [
      '-ec',
      `rm -rf /root/repack && dpkg-deb -R "$1" /root/repack && sed -i "s/^Version: .*/Version: $2/" /root/repack/DEBIAN/control
      dpkg-deb -Zgzip -z1 --root-owner-group -b /root/repack /root/agent-$2.deb`,
      'sh',
      packageFiles.deb,
      version,
    ]);
    return `/root/agent-${version}.deb`;
  }

  describe('on a Debian machine without systemd, and without libatomic', () => {
    const own = new AsyncDisposableStack();
    let copy: PrivateCopy;
    let asset: string;

    beforeAll(async () => {
      copy = own.use(await privateCopy());
      // A service may start here: it listens on nothing.
      await copy.run('sh', ['-c', 'rm -f /usr/sbin/policy-rc.d /usr/lib/*/libatomic.so.1*']);
    });
    afterAll(() => own.disposeAsync());

    it('one line installs, enrolls and starts it', async () => {
      const known = (await assets()).map(({ assetId }) => assetId);
      const output = await install(copy, await newKey());
      asset = await newAsset(known);
      expect(output).toContain(asset);
      const modes = 'stat -c "%a %U %n" /etc/vedette-agent/agent.conf /var/lib/vedette-agent';
      expect(await copy.run('sh', ['-c', modes])).toBe(
        '600 root /etc/vedette-agent/agent.conf\n700 root /var/lib/vedette-agent\n',
      );
      expect(await copy.run('sh', ['-c', 'dpkg --verify vedette-agent; dpkg-query -W -f "\\${Status}" vedette-agent'])).toBe(
        'install ok installed',
      );
    });

    it('comes back when it is killed', async () => {
      const before = await agentProcess(copy);
      expect(before).toMatch(/^\d+$/);
      await copy.run('kill', ['-9', before]);
      await eventually('another process', patienceMs, async () => {
        const now = await agentProcess(copy);
        return /^\d+$/.test(now) && now !== before ? true : null;
      });
    });

    it.each(['0.9.0', '0.0.9'])('an upgrade or downgrade to %s runs the new files as the same asset', async (version) => {
      const before = await agentProcess(copy);
      await copy.run('dpkg', ['-i', await otherVersion(copy, version)]);
      await eventually('the restarted agent', patienceMs, async () => {
        const now = await agentProcess(copy);
        return /^\d+$/.test(now) && now !== before ? true : null;
      });
      const status = JSON.parse(await copy.run('vedette-agent', ['status', '--json'])) as { assetId: string };
      expect(status.assetId).toBe(asset);
    });

    it('removal ends it and keeps who it was; another installation goes on as the same asset', async () => {
      await copy.run('dpkg', ['-r', 'vedette-agent']);
      expect(await agentProcess(copy)).toBe('none');
      expect(await copy.run('ls', ['/var/lib/vedette-agent'])).toContain('identity.json');
      await install(copy, 'not-needed-any-more');
      expect(await eventually('the agent', patienceMs, async () => ((await agentProcess(copy)) === 'none' ? null : true))).toBe(
        true,
      );
      expect((await assets()).filter(({ assetId }) => assetId === asset)).toHaveLength(1);
    });

    it('purging leaves nothing', async () => {
      await copy.run('dpkg', ['-P', 'vedette-agent']);
      expect(await agentProcess(copy)).toBe('none');
      const left = 'find /etc /usr /var /run /opt -name "*vedette-agent*"';
      const found = (await copy.run('sh', ['-c', left]))
        .split('\n')
        .filter((path) => path !== '' && !path.startsWith(repository));
      expect(found.filter((path) => !path.startsWith('/var/log/'))).toEqual([]);
    });

    it('a damaged package is refused, and nothing of it is installed', async () => {
      const script = `curl -fsSL ${platform.url}/install.sh | sed 's/^\\(.*deb x86_64 [^ ]*\\) [0-9a-f]*/\\1 '"$(printf %064d 0)"'/' |
        VEDETTE_ACTIVATION_KEY=12345678 sh 2>&1 || true`;
      expect(await copy.run('sh', ['-c', script])).toMatch(/is damaged: .*nothing was installed/);
      await expect(copy.run('dpkg-query', ['-W', 'vedette-agent'])).rejects.toThrow(/no packages found/);
    });

    it('the rpm and the tarball bring the same agent, and take it away again', async () => {
      const known = (await assets()).map(({ assetId }) => assetId);
      await copy.run('sh', ['-ec', `mkdir -p /root/tar && cd /root/tar && tar -xzf ${packageFiles.tar} --strip-components=1`]);
      const environment = { VEDETTE_PLATFORM: platform.url, VEDETTE_ACTIVATION_KEY: await newKey() };
      await copy.run('/root/tar/install.sh', [], { environment });
      await newAsset(known);
      await copy.run('/usr/lib/vedette-agent/uninstall.sh', ['--purge']);
      expect(await agentProcess(copy)).toBe('none');
      // Debian's rpm knows nothing of what dpkg installed.
      await copy.run('rpm', ['--force-debian', '--nodeps', '-i', packageFiles.rpm]);
      expect(await copy.run('vedette-agent', ['version'])).toMatch(/^\d/);
      expect(await copy.run('sh', ['-c', 'rpm -V --nodeps vedette-agent || true'])).toBe('');
      await copy.run('rpm', ['--force-debian', '-e', 'vedette-agent']);
      await expect(copy.run('ls', ['/usr/lib/vedette-agent'])).rejects.toThrow(/No such file/);
    });
  });

  describe.skipIf(systemdRefusal !== null)(`on a machine with systemd${skipped(systemdRefusal)}`, () => {
    const own = new AsyncDisposableStack();
    let copy: PrivateCopy;

    beforeAll(async () => {
      copy = own.use(await privateCopy({ systemd: true }));
    });
    afterAll(() => own.disposeAsync());

    const property = async (name: string): Promise<string> =>
      (await copy.run('systemctl', ['show', '-P', name, 'vedette-agent.service'])).trim();

    it('the service runs with its budget, sees the machine, and may write nowhere but to its state', async () => {
      const known = (await assets()).map(({ assetId }) => assetId);
      await install(copy, await newKey());
      await newAsset(known);
      expect(await property('ActiveState')).toBe('active');
      expect(await property('UnitFileState')).toBe('enabled');
      expect(await property('MemoryMax')).toBe(String(256 * 1024 * 1024));
      const pid = await property('MainPID');
      const inService = (path: string): Promise<string> => copy.run('nsenter', ['-t', pid, '-m', '-r', '-w', 'touch', path]);
      await expect(inService('/etc/written-by-a-service')).rejects.toThrow(/Read-only/);
      await inService('/var/lib/vedette-agent/x');
    });

    it('the service comes back when it is killed, and stays away when the package is removed', async () => {
      const before = await property('MainPID');
      await copy.run('kill', ['-9', before]);
      await eventually('another process', patienceMs, async () => {
        const now = await property('MainPID');
        return now !== '0' && now !== before ? true : null;
      });
      await copy.run('dpkg', ['-r', 'vedette-agent']);
      expect(await property('ActiveState')).not.toBe('active');
      expect(await agentProcess(copy)).toBe('none');
    });

    it('systemd has nothing to say about the unit', async () => {
      const unit = join(repository, 'deploy/agent/vedette-agent.service');
      const verify = `install -m 755 /bin/true /usr/sbin/vedette-agent; systemd-analyze verify --man=no ${unit} 2>&1`;
      expect(await copy.run('sh', ['-c', verify])).toBe('');
    });
  });
});
