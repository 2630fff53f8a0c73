import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActivationKey } from '@vedette/protocol';
import { eventually, PlatformProcess, type PrivateCopy, privateCopy, privateCopyRefusal, TestReleases } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentVersion } from '../../apps/agent/src/config.ts';
import { asVersion, giveToAll, type UpgradeStatus, whenChanged } from './installed-agent.ts';

const repository = join(import.meta.dirname, '../..');
const mustRun = process.env['CI'] === 'true';
const refusal = await privateCopyRefusal();
/** As services are kept where it can be had; else by the agent's own supervisor. */
const systemd = refusal === null && (await privateCopyRefusal({ systemd: true })) === null;
const told = refusal === null ? (systemd ? ' under systemd' : ' without systemd') : ` (skipped: ${refusal})`;
const patienceMs = 120_000;
/** From its first start until the version before is up again. */
const rollBackMs = 60_000;

const dropIn = '/etc/systemd/system/vedette-agent.service.d';
const probation = 'VEDETTE_PROBATION_SECONDS=5';
/** A machine is quick to ask, so that a test is. */
const settings = `mkdir -p /etc/vedette-agent && echo '{"checkInSeconds":10}' >/etc/vedette-agent/settings.json`;

describe.skipIf(refusal !== null && !mustRun)(`a package that upgrades itself${told}`, () => {
  const stack = new AsyncDisposableStack();
  let platform: PlatformProcess;
  let releases: TestReleases;
  let deb: string;
  let copy: PrivateCopy;

  beforeAll(async () => {
    const packages = mkdtempSync(join(tmpdir(), 'vedette-package-upgrade-'));
    stack.defer(() => rmSync(packages, { recursive: true }));
    const make = [join(repository, 'tools/package/main.ts'), '--fast', '--formats', 'deb', '--out', packages];
    execFileSync(process.execPath, make, { stdio: 'pipe' });
    deb = join(packages, readdirSync(packages).find((name) => name.endsWith('.deb')) ?? '');
    const extract = 'dpkg-deb --fsys-tarfile "$1" | tar -xO ./usr/lib/vedette-agent/agent.mjs';
    const code = execFileSync('sh', ['-c', extract, 'sh', deb], { maxBuffer: 16e6 }).toString('utf8');
    const broken = (good: string): string => `if (process.argv[2] === 'run') process.exit(1);\n${good}`;
    releases = stack.use(await TestReleases.create());
    await releases.releaseProgram(asVersion(code, '7.0.0'), { product: 'agent', version: '7.0.0' });
    await releases.releaseProgram(asVersion(code, '7.1.0', broken), { product: 'agent', version: '7.1.0' });
    const environment = { VEDETTE_PACKAGES_DIR: packages, VEDETTE_RELEASES_DIR: releases.directory };
    platform = stack.use(await PlatformProcess.start(environment));
    copy = stack.use(await privateCopy({ systemd }));
    const { secret } = await platform.client.call(createActivationKey, { body: { name: 'upgrade', maxUses: 1 } });
    const quick = systemd
      ? `mkdir -p ${dropIn} && printf '[Service]\nEnvironment=${probation}\n' >${dropIn}/quick.conf`
      : 'rm -f /usr/sbin/policy-rc.d';
    const line = `curl -fsSL ${platform.url}/install.sh | VEDETTE_ACTIVATION_KEY=${secret} ${probation} sh`;
    await copy.run('sh', ['-ec', `${quick}; ${settings}; ${line}`]);
  });
  afterAll(() => stack.disposeAsync());

  /** The same package as another version, with other code, as the next release of it would be. */
  async function otherPackage(version: string): Promise<string> {
    const script = `rm -rf /root/repack && dpkg-deb -R "$1" /root/repack && cd /root/repack
      lib=usr/lib/vedette-agent
      sed -i "s/^Version: .*/Version: $2/" DEBIAN/control
      sed -i "s/${agentVersion.replaceAll('.', String.raw`\.`)}/$2/g" $lib/agent.mjs
      echo "$2 $(sha256sum <$lib/agent.mjs | cut -d' ' -f1) $(sha256sum <$lib/node | cut -d' ' -f1)" >$lib/release
      rm -f DEBIAN/md5sums
      dpkg-deb -Zgzip -z1 --root-owner-group -b . /root/agent-$2.deb`;
    await copy.run('sh', ['-ec', script, 'sh', deb, version]);
    return `/root/agent-${version}.deb`;
  }
  const status = async () =>
    JSON.parse(await copy.run('vedette-agent', ['status', '--json'])) as { upgrade: UpgradeStatus; processId: number | null };
  const until = (what: string, holds: (upgrade: UpgradeStatus) => boolean): Promise<UpgradeStatus> =>
    eventually(
      what,
      patienceMs,
      whenChanged(
        () => copy.run('sh', ['-c', 'cat /var/lib/vedette-agent/upgrade/state 2>/dev/null || true']),
        async () => {
          const { upgrade } = await status();
          return holds(upgrade) ? upgrade : null;
        },
      ),
    );
  /** Wants a version, and has the agent hear of it at once where it runs. */
  const give = async (version: string): Promise<void> => {
    await giveToAll(platform, version);
    const { processId } = await status();
    if (processId !== null) await copy.run('sh', ['-c', 'kill -s WINCH "$1" || true', 'sh', String(processId)]);
  };
  /** What the running agent runs: the path of its code. */
  const runs = async (): Promise<string> => {
    const { processId } = await status();
    const words = (await copy.run('cat', [`/proc/${processId ?? 'none'}/cmdline`])).split('\0');
    return words.find((word) => word.endsWith('agent.mjs')) ?? '';
  };

  it('trusts the root that the install line brought', async () => {
    expect(await copy.run('cat', ['/var/lib/vedette-agent/root.json'])).toBe((await releases.root()).toString('utf8'));
  });

  it('becomes a newer version', async () => {
    await give('7.0.0');
    await until('the commit', ({ version, trial }) => version === '7.0.0' && trial === null);
    expect(await runs()).toBe('/var/lib/vedette-agent/upgrade/slots/a/agent.mjs');
    expect(await copy.run('vedette-agent', ['journal'])).not.toContain('trusts the root');
  });

  it('goes back from one that fails, within a minute', async () => {
    await give('7.1.0');
    await until('the trial', ({ trial, last }) => (trial?.version ?? last?.to) === '7.1.0');
    const began = performance.now();
    const upgrade = await until('the roll-back', ({ last }) => last?.to === '7.1.0' && last.outcome === 'rolled-back');
    expect(performance.now() - began).toBeLessThan(rollBackMs);
    expect(upgrade).toMatchObject({ version: '7.0.0', slot: 'a', last: { why: { code: 'tries' } } });
    expect(upgrade.refused.map(({ version }) => version)).toEqual(['7.1.0']);
    expect(await runs()).toBe('/var/lib/vedette-agent/upgrade/slots/a/agent.mjs');
  });

  it('keeps the newer code when the same package is installed again', async () => {
    await copy.run('dpkg', ['-i', deb]);
    await eventually('the agent', patienceMs, async () => (await runs()) || null);
    expect((await status()).upgrade).toMatchObject({ version: '7.0.0', slot: 'a' });
  });

  it('runs another package that is installed, and becomes what the platform wants from there', async () => {
    await copy.run('dpkg', ['-i', await otherPackage('0.9.0')]);
    await until('the package', ({ version, slot }) => version === '0.9.0' && slot === 'base');
    await give('7.0.0');
    await until('the commit', ({ version, trial }) => version === '7.0.0' && trial === null);
    expect(await runs()).toMatch(/slots\/[ab]\/agent\.mjs$/);
  });

  it('takes what it fetched with it when it is removed, and all else when it is purged', async () => {
    await copy.run('dpkg', ['-r', 'vedette-agent']);
    const left = (await copy.run('ls', ['/var/lib/vedette-agent'])).split('\n');
    expect(left).not.toContain('upgrade');
    expect(left).toEqual(expect.arrayContaining(['identity.json', 'root.json']));
    await copy.run('dpkg', ['-P', 'vedette-agent']);
    await expect(copy.run('ls', ['/var/lib/vedette-agent'])).rejects.toThrow(/No such file/);
  });
});
