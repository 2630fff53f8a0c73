import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { facts } from '@vedette/protocol';
import { eventually } from '@vedette/testkit';
import { runCommandLine } from '../run-command-line.ts';
import type { JournalEntry } from '../state/journal.ts';
import { readStatusFile } from '../state/status-file.ts';
import { StubServer } from '../testing/stub-server.ts';

const keys = new Map(Object.entries(facts).map(([collector, { key }]) => [collector, key]));
const secrets = { VEDETTE_ACTIVATION_KEY: 'key-of-the-test', VEDETTE_PROXY: 'http://agent:hidden@127.0.0.1:9' };

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-agent-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function agent(args: readonly string[], environment: Record<string, string> = {}, signal = new AbortController().signal) {
  const said = { out: '', error: '' };
  const terminal = { out: (text: string) => void (said.out += text), error: (text: string) => void (said.error += text) };
  const code = await runCommandLine(args, { VEDETTE_STATE_DIR: directory, ...environment }, { terminal, signal });
  return { code, ...said };
}

describe('check and journal', () => {
  it('check in by themselves, and keep a receipt of everything that was sent', async () => {
    await using stub = await StubServer.start({ keys });
    const environment = { ...secrets, VEDETTE_PLATFORM: stub.url.origin };
    await agent(['enroll'], environment);
    expect(await agent(['check', '--json'])).toMatchObject({ code: 0, out: expect.stringContaining('"standing":"accepted"') });
    expect(stub.checkIns).toHaveLength(1);
    await agent(['scan']);
    const { entries } = JSON.parse((await agent(['journal', '--json'])).out) as { entries: JournalEntry[] };
    // Enrollment is before there is an identity to keep a journal for.
    expect(entries.map(({ path, bytes }) => ({ path, bytes }))).toEqual(stub.received.slice(1));
    expect(entries.every(({ receipt, status }) => status === 200 && receipt?.startsWith('vedette=:'))).toBe(true);
    expect(entries.flatMap(({ subjects }) => subjects)).toContain('os snapshot #1');
  });

  it('check in through the agent that runs, and no log of it holds a secret', async () => {
    await using stub = await StubServer.start({ keys });
    const environment = { ...secrets, VEDETTE_PLATFORM: stub.url.origin, VEDETTE_LOG_LEVEL: 'debug' };
    const stop = new AbortController();
    const running = agent(['run'], environment, stop.signal);
    await eventually('the first check-in', 30_000, () => readStatusFile(directory)?.checkInAt ?? null);
    const before = stub.checkIns.length;
    expect(await agent(['check'])).toMatchObject({ code: 0, out: expect.stringContaining(`process ${process.pid}`) });
    expect(stub.checkIns.length).toBeGreaterThan(before);
    stop.abort();
    const { error } = await running;
    expect(error).toContain('"event":"started"');
    for (const line of error.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('event');
    expect(error).not.toMatch(/hidden|key-of-the-test|YWdlbnQ|PRIVATE KEY/);
  }, 60_000);

  it('tells that nothing was sent yet', async () => {
    expect((await agent(['journal'])).out).toBe('nothing was sent yet\n');
  });
});

describe('config explain', () => {
  it('shows the proxies without their passwords', async () => {
    const { out } = await agent(['config', 'explain'], { ...secrets, VEDETTE_SETTINGS_FILE: join(directory, 'none') });
    expect(out).toMatch(/proxies +http:\/\/127\.0\.0\.1:9\nproxyFallback +none/);
    expect(out).not.toMatch(/hidden|key-of-the-test/);
  });
});

describe('completion', () => {
  it('completes a command in bash', async () => {
    const { out } = await agent(['completion', 'bash']);
    const ask = 'COMP_WORDS=(vedette-agent jo); COMP_CWORD=1; _vedette_agent; echo "${COMPREPLY[@]}"';
    expect(execFileSync('bash', ['-c', `${out}\n${ask}`], { encoding: 'utf8' })).toBe('journal\n');
  });

  it.each(['zsh', 'fish'])('knows %s', async (shell) => {
    expect((await agent(['completion', shell])).out).toContain('show-collected');
  });

  it.each([[], ['tcsh'], ['constructor']])('does not know %j', async (...args) => {
    expect(await agent(['completion', ...args])).toMatchObject({ code: 2 });
  });
});
