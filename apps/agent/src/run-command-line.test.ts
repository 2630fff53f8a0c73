import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { facts } from '@vedette/protocol';
import { commandHelp } from './command-line.ts';
import { runCommandLine } from './run-command-line.ts';
import { StateLock } from './state/state-lock.ts';
import { StubServer } from './testing/stub-server.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-agent-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function agent(args: readonly string[], environment: Record<string, string> = {}) {
  const said = { out: '', error: '' };
  const terminal = { out: (text: string) => void (said.out += text), error: (text: string) => void (said.error += text) };
  const signal = new AbortController().signal;
  const code = await runCommandLine(args, { VEDETTE_STATE_DIR: directory, ...environment }, { terminal, signal });
  return { code, ...said };
}

const keys = new Map(Object.entries(facts).map(([collector, { key }]) => [collector, key]));

describe.runIf(process.geteuid?.() === 0)('somebody who may not read the state of the agent', () => {
  // nobody, by convention; a directory of root's, and of nobody else.
  const asNobody = async (command: string): ReturnType<typeof agent> => {
    process.seteuid?.(65_534);
    try {
      return await agent([command], { VEDETTE_STATE_DIR: join(directory, 'state') });
    } finally {
      process.seteuid?.(0);
    }
  };

  it.each(['status', 'journal', 'scan', 'check'])('is told by %s to run it as root, and nothing wrong', async (command) => {
    const { code, out, error } = await asNobody(command);
    expect(code).not.toBe(0);
    expect(out).toBe('');
    expect(error).toContain('permission denied');
    expect(error).toContain('(root)');
  });

  it('is told by doctor which hop it is, and no more than is known', async () => {
    const { code, out } = await asNobody('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/^PROBLEM state .*permission denied.*\n +Run this as .*\(root\)/);
    expect(out).not.toContain('not enrolled');
  });
});

describe('the command line', () => {
  it.each(Object.keys(commandHelp))('explains %s', async (command) => {
    const { code, out } = await agent([command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: vedette-agent ${command}`);
  });

  it.each([
    [['bogus'], 2],
    [['constructor'], 2],
    [['scan', '--bogus'], 2],
    [['scan', 'extra'], 2],
    [['show-collected', 'bogus'], 2],
    [['enroll'], 78],
    [['enroll', '--platform', 'http://vedette.example', '--activation-key', 'long-enough'], 78],
    [['enroll', '--platform', 'https://127.0.0.1', '--activation-key', 'short'], 78],
    [['enroll', '--platform', 'https://127.0.0.1', '--activation-key', 'long-enough', '--ca-file', '/nonexistent'], 78],
    [['scan'], 78],
    [['run'], 78],
  ])('ends %j with %i and one line on stderr', async (args, expected) => {
    const { code, out, error } = await agent(args);
    expect(code).toBe(expected);
    expect(out).toBe('');
    expect(error).toMatch(/^vedette-agent: [^\n]+\n$/);
  });

  it('tells a host that is not enrolled', async () => {
    const { code, out } = await agent(['status', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ enrolled: false });
  });

  it('enrolls, scans this host and has nothing to send the second time', async () => {
    await using stub = await StubServer.start({ keys });
    const environment = { VEDETTE_ACTIVATION_KEY: 'key-of-the-test', VEDETTE_PLATFORM: stub.url.origin };
    expect(await agent(['enroll', '--json'], environment)).toMatchObject({ code: 0, error: '' });
    expect(await agent(['scan', '--json'])).toMatchObject({ code: 0, error: '' });
    expect(stub.platform.rowsOf('os')).toHaveLength(1);
    const second = await agent(['scan', '--json']);
    const { documents } = JSON.parse(second.out) as { documents: { collector: string }[] };
    expect(documents.map(({ collector }) => collector)).not.toContain('os');
    const status = JSON.parse((await agent(['status', '--json'])).out) as object;
    expect(status).toMatchObject({ enrolled: true, processId: null, platform: stub.url.origin });
  });

  it('exits with 4 when the activation key is refused', async () => {
    await using stub = await StubServer.start({ keys, activationKey: 'the-right-one' });
    const { code, error } = await agent(['enroll', '--platform', stub.url.origin, '--activation-key', 'the-wrong-one']);
    expect(code).toBe(4);
    expect(error).toContain('ACTIVATION_KEY_REFUSED');
    expect(error).not.toContain('the-wrong-one');
  });

  it('does not enroll while an agent runs on the same state', async () => {
    using _lock = StateLock.acquire(directory);
    const { code, error } = await agent(['enroll', '--platform', 'https://127.0.0.1', '--activation-key', 'long-enough']);
    expect(code).toBe(1);
    expect(error).toContain(`already runs on ${directory} (process ${process.pid})`);
  });

  it('explains every setting, whoever set it, and refuses a file with a typing error', async () => {
    const settingsFile = join(directory, 'settings.json');
    writeFileSync(settingsFile, '{"cpuPercent": 50}');
    writeFileSync(join(directory, 'profile.json'), '{"burstCpuMs": 700, "memoryMegabytes": 1e9}');
    const environment = { VEDETTE_SETTINGS_FILE: settingsFile };
    const { code, out } = await agent(['config', 'explain', '--json'], environment);
    expect(code).toBe(0);
    expect((JSON.parse(out) as { settings: unknown[] }).settings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          name: 'cpuPercent',
          value: 10,
          source: 'host',
          max: 10,
          note: '50 was asked for; 10 is the most',
        }),
        expect.objectContaining({ name: 'burstCpuMs', value: 700, source: 'platform', note: null }),
        expect.objectContaining({
          name: 'memoryMegabytes',
          value: 256,
          source: 'platform',
          note: '1000000000 was asked for; 256 is the most',
        }),
        expect.objectContaining({ name: 'checkInSeconds', value: 60, source: 'default', note: null }),
      ]),
    );
    expect((await agent(['config', 'explain'], environment)).out).toMatch(
      /cpuPercent +10 % of one CPU +\(host, 1 to 10; 50 was asked for/,
    );
    writeFileSync(settingsFile, '{"cpuPercnt": 5}');
    expect(await agent(['config', 'explain'], environment)).toMatchObject({
      code: 78,
      error: expect.stringContaining('cpuPercnt'),
    });
    expect(await agent(['config'])).toMatchObject({ code: 2 });
  });
});
