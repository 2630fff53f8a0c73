import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  changeProfile,
  createActivationKey,
  createProfile,
  type EffectiveSetting,
  getAssetSettings,
  getPosture,
  listAssets,
  listDetections,
  type PostureCheck,
  postureFact,
  refreshKnowledge,
} from '@vedette/protocol';
import { agentProgram, eventually, PlatformProcess, type PrivateCopy, privateCopy, privateCopyRefusal } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FeedDirectory } from '../../tools/bench/fleet/feed-directory.ts';

const refusal = await privateCopyRefusal();
const mustRun = process.env['CI'] === 'true';
const patienceMs = 90_000;

const text: Pick<PostureCheck, 'rationale' | 'fix' | 'severity' | 'severityRule' | 'published'> = {
  rationale: 'Because.',
  fix: { advice: 'Change it.', commands: [] },
  severity: 4,
  severityRule: 'high',
  published: '2026-11-01',
};
const rootLogin: PostureCheck = {
  ...text,
  number: 901,
  title: 'root may log in',
  reads: [{ probe: { id: 'sshd.root', kind: 'sshd', key: 'PermitRootLogin' }, requires: { oneOf: ['no'], unset: 'no' } }],
};
const openFile: PostureCheck = {
  ...text,
  number: 902,
  title: 'anybody may write a file',
  reads: [{ probe: { id: 'file.open', kind: 'file', path: '/etc/vedette-open' }, requires: { modeWithin: '0644' } }],
};

describe.skipIf(refusal !== null && !mustRun)(`posture${refusal === null ? '' : ` (skipped: ${refusal})`}`, () => {
  const stack = new AsyncDisposableStack();
  let postureFile: string;
  let platform: PlatformProcess;
  let copy: PrivateCopy;
  let agent: string;
  let start: () => ChildProcess;
  let running: ChildProcess;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-posture-'));
    stack.defer(() => rmSync(directory, { recursive: true }));
    postureFile = join(directory, 'posture.json');
    publish(rootLogin);
    platform = stack.use(
      await PlatformProcess.start({
        VEDETTE_POSTURE_FILE: postureFile,
        VEDETTE_STARTER_FILE: join(directory, 'none'),
        VEDETTE_FEED_DIR: new FeedDirectory(join(directory, 'feed')).path,
      }),
    );
    copy = stack.use(await privateCopy());
    agent = agentProgram();
    await inside(
      'mkdir -p /etc/ssh; echo "PermitRootLogin yes" >/etc/ssh/sshd_config; : >/etc/vedette-open; chmod 0666 /etc/vedette-open',
    );
    const { secret } = await platform.client.call(createActivationKey, { body: { name: 'posture' } });
    const environment = { VEDETTE_ACTIVATION_KEY: secret, VEDETTE_PLATFORM: platform.url };
    start = () => copy.start(agent, ['run', '--log-level', 'info'], { environment });
    running = start();
  });
  afterAll(() => stack.disposeAsync());

  it('finds by a manifest what a setting allows, and closes it within seconds of its change', async () => {
    await eventually('the detection', patienceMs, () => found('VP-901', 'new'));
    await inside('echo "PermitRootLogin no" >/etc/ssh/sshd_config');
    expect(await eventually('the fix', 30_000, () => found('VP-901', 'fixed'))).toBe(true);
  });

  it('reads what a new check needs, and sends only that', async () => {
    publish(rootLogin, openFile);
    await platform.client.call(refreshKnowledge, {});
    // As every minute; the check is known to the platform, and nothing is known of the machine until then.
    expect(await outcomeOf('VP-902')).toBe('unread');
    await copy.run(agent, ['check']);
    await eventually('the detection', 30_000, () => found('VP-902', 'new'));
    const journal = JSON.parse(await copy.run(agent, ['journal', '--json'])) as {
      entries: { path: string; subjects: string[] }[];
    };
    const subjects = journal.entries.flatMap((entry) => entry.subjects);
    expect(subjects.filter((each) => each.startsWith('manifest '))).toEqual([
      expect.stringMatching(/^manifest [0-9]+ taken, 1 probes$/),
      expect.stringMatching(/^manifest [0-9]+ taken, 2 probes$/),
    ]);
    // The snapshot, the change of the setting, and the new check alone.
    expect(subjects.filter((each) => each.startsWith(postureFact.name))).toEqual([
      'posture snapshot #1',
      'posture delta #2',
      'posture delta #3',
    ]);
    const shown = await copy.run(agent, ['show-collected', 'posture']);
    expect(shown).toContain('subject="/etc/vedette-open" value="file 0666 root:root"');
    expect(await copy.run(agent, ['config', 'explain'])).toContain('2 probes');
    expect(await copy.run(agent, ['status'])).toMatch(/manifest [0-9]+$/m);
  });

  it('closes what was found when its cause is removed, and finds it again', async () => {
    await inside('chmod 0644 /etc/vedette-open');
    await eventually('the fix', 30_000, () => found('VP-902', 'fixed'));
    await inside('chmod 0666 /etc/vedette-open');
    expect(await eventually('the finding', 30_000, () => found('VP-902', 'reopened'))).toBe(true);
  });

  it('sets the agent by a profile within seconds of its change, while it runs', async () => {
    const { profileId } = await platform.client.call(createProfile, { body: { name: 'All', settings: { cpuPercent: 3 } } });
    await eventually('the profile', 30_000, () => applied(3, 'profile'));
    const body = { name: 'All', settings: { cpuPercent: 4, hardCpuPercent: 60 } };
    await platform.client.call(changeProfile, { params: { profileId }, body });
    const { refused } = await eventually('the change', 30_000, () => applied(4, 'profile'));
    expect(refused).toBeNull();
    expect(await copy.run(agent, ['config', 'explain'])).toMatch(/^cpuPercent +4 .*platform/m);
  });

  it('lets the file of the host win, and says so', async () => {
    await inside('mkdir -p /etc/vedette-agent; echo \'{"cpuPercent": 2}\' >/etc/vedette-agent/settings.json');
    const ended = once(running, 'exit');
    // The program in the copy, not what entered it.
    const { processId } = JSON.parse(await copy.run(agent, ['status', '--json'])) as { processId: number };
    await copy.run('kill', [String(processId)]);
    await ended;
    running = start();
    const setting = await eventually('the file', 30_000, () => applied(2, 'host'));
    expect(setting.overridden).toMatchObject([{ value: 4, origin: { kind: 'profile', name: 'All' } }]);
  });

  /** The setting, once the agent has reported that it took what the platform wants and this is in force. */
  async function applied(cpuPercent: number, kind: EffectiveSetting['origin']['kind']): Promise<EffectiveSetting | null> {
    const { items } = await platform.client.call(listAssets, { query: {} });
    const [asset] = items;
    if (!asset) return null;
    const { state, settings } = await platform.client.call(getAssetSettings, { params: { assetId: asset.assetId } });
    const setting = settings.find(({ name }) => name === 'cpuPercent');
    return state === 'applied' && setting?.value === cpuPercent && setting.origin.kind === kind ? setting : null;
  }

  function publish(...checks: PostureCheck[]): void {
    writeFileSync(postureFile, JSON.stringify({ checks }));
  }

  function inside(script: string): Promise<string> {
    return copy.run('sh', ['-c', script]);
  }

  async function found(name: string, status: string): Promise<true | null> {
    const { items } = await platform.client.call(listDetections, { query: { status: 'all', kind: 'posture', search: name } });
    return items.some((item) => item.name === name && item.status === status) ? true : null;
  }

  async function outcomeOf(name: string): Promise<string | undefined> {
    const { items } = await platform.client.call(listAssets, { query: {} });
    const [asset] = items;
    if (!asset) return undefined;
    const { checks } = await platform.client.call(getPosture, { params: { assetId: asset.assetId } });
    return checks.find((check) => check.name === name)?.outcome;
  }
});
