import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from './api/connect.ts';
import { allCommands, groups, loadCommands } from './commands/index.ts';
import { connectFrom, contextFile, type Environment, readContext } from './context.ts';
import { table } from './output/table.ts';
import { makeProgram } from './program.ts';
import { runProgram } from './testing/run-program.ts';

const commands = await allCommands();
const assetId = '018f2c7e-0000-7000-8000-000000000001';
const servers: { close(): void }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** A platform that gives one answer and remembers what it was asked. */
async function platform(status: number, body: unknown) {
  const asked: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

async function run(url: string, words: string[], environment: Record<string, string> = {}): Promise<string> {
  const { printed } = await runProgram(commands, words, {
    environment: { HOME: '/nowhere', ...environment },
    client: (of?: Environment) => (of ? connectFrom(of, async () => {}) : connect(url, { token: 'secret-token' })),
    askSecret: async () => 'asked-token',
  });
  return printed;
}

const problem = { type: 'about:blank', title: 'x', code: 'X', detail: 'a\u001b[31mred detail' };

describe('help', () => {
  it.each(commands.map((command) => [command.name, command] as const))(
    '%s has a summary and an example that names it',
    (name, command) => {
      const program = makeProgram(commands, {} as never, () => {}); // nothing runs
      let shown: typeof program | undefined = program;
      for (const word of name.split(' ')) shown = shown?.commands.find((one) => one.name() === word);
      let help = '';
      shown?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toContain(command.summary.split(' ')[0]);
      expect(help).toContain(`vedette ${name}`);
      expect(help).toContain('Example:');
      expect(help).toContain('--json');
    },
  );
});

describe('groups of commands', () => {
  it.each(groups.map((group) => [group.word, group] as const))(
    '%s holds what begins with it',
    async (word, { describes, load }) => {
      const held = await load();
      expect(held.filter(({ name }) => name.split(' ')[0] !== word)).toEqual([]);
      expect(held.find(({ name }) => name === word)?.summary ?? describes).toBe(describes);
    },
  );

  it('are loaded where they are named; of the others only names are known', async () => {
    const known = await loadCommands(['--help', 'checks']);
    expect(known.filter((one) => 'run' in one).map(({ name }) => name)).toEqual(['checks list', 'checks show']);
    expect(known.filter((one) => !('run' in one)).map(({ name }) => name)).toEqual(groups.map(({ word }) => word));
    const help = makeProgram(known, {} as never, () => {}).helpInformation(); // nothing runs
    expect(groups.filter(({ word }) => !help.includes(`  ${word} `))).toEqual([]);
  });

  it('are shown by --help without loading the protocol', () => {
    const main = join(import.meta.dirname, 'main.ts');
    const refuse = `import { registerHooks } from 'node:module';
      registerHooks({ resolve: (name, context, next) => { if (/^(zod|@vedette\\/)/.test(name)) throw new Error(name); return next(name, context); } });`;
    const preload = `data:text/javascript,${encodeURIComponent(refuse)}`;
    const run = (...words: string[]) => spawnSync(process.execPath, ['--import', preload, main, ...words], { encoding: 'utf8' });
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('assets') });
    expect(run('complete', '--', 'ass')).toMatchObject({ status: 0, stdout: expect.stringContaining('assets') });
    // The hook does refuse.
    expect(run('assets', '--help').status).toBe(1);
  });
});

/** The words of a command line whose quotation marks are simple ones. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? '');
}

function withoutOption(words: readonly string[], flag: string): string[] {
  const at = words.indexOf(flag);
  return words.filter((_, place) => at === -1 || (place !== at && place !== at + 1));
}

/** Every option that takes a number, with what its command takes before it. */
const numbers = commands.flatMap((command) =>
  (command.options ?? []).flatMap(([flags]) => {
    const flag = /^(--[a-z-]+) <n>$/.exec(flags)?.[1];
    const words = wordsOf(command.example.split(/ [|>] /)[0] ?? '').slice(1);
    return flag ? [[command.name, flag, words] as const] : [];
  }),
);

describe('a number', () => {
  it.each(numbers)('that is none is refused by %s %s before anything is sent or read', async (_name, flag, words) => {
    const { url, asked } = await platform(200, { items: [] });
    for (const value of ['-1', 'NaN', '0x10', '1e3', '99999999999', '']) {
      const refused = { code: 'USAGE', message: expect.stringContaining(flag) };
      await expect(run(url, [...words, flag, value])).rejects.toMatchObject(refused);
    }
    expect(asked).toEqual([]);
  });

  // A saved query says itself of what it is, so that it is asked for first.
  const lists = numbers.filter(([name, flag]) => flag === '--limit' && name !== 'queries run');
  it.each(lists)('that no list has is refused by %s %s before anything is sent', async (_name, flag, words) => {
    const { url, asked } = await platform(200, { items: [] });
    for (const value of ['0', '501', '9999999999', '1.5']) {
      const refused = { code: 'USAGE', message: expect.stringContaining('limit') };
      await expect(run(url, [...withoutOption(words, flag), flag, value])).rejects.toMatchObject(refused);
    }
    expect(asked).toEqual([]);
  });

  it('of a saved query is refused before its list is asked for', async () => {
    const saved = { savedQueryId: assetId, name: 'mine', about: 'asset', query: 'web', shared: false, onDashboard: false };
    const items = [{ ...saved, owner: 'admin', isOwn: true, changedAt: '2026-11-22T00:00:00Z' }];
    const { url, asked } = await platform(200, { items });
    await expect(run(url, ['queries', 'run', 'mine', '--limit', '0'])).rejects.toMatchObject({ code: 'USAGE' });
    expect(asked.map((one) => one.url)).toEqual(['/api/v1/queries']);
  });
});

describe('commands', () => {
  it('sends token and filters, and prints only JSON with --json', async () => {
    const { url, asked } = await platform(200, { total: 0, items: [], next: null });
    const printed = await run(url, ['detections', 'list', '--asset', assetId, '--severity', 'high', '--limit', '5', '--json']);
    expect(JSON.parse(printed)).toEqual({ total: 0, items: [], next: null });
    expect(asked).toEqual([
      { url: `/api/v1/detections?limit=5&assetId=${assetId}&severity=4`, authorization: 'Bearer secret-token' },
    ]);
  });

  it('passes a moment of the past on', async () => {
    const { url, asked } = await platform(200, { total: 0, items: [], next: null });
    await run(url, ['detections', 'list', '--as-of', '2026-11-01T00:00:00Z']);
    expect(asked[0]?.url).toContain('asOf=2026-11-01T00%3A00%3A00Z');
  });

  it('finds a check by the name of a vulnerability', async () => {
    const { url, asked } = await platform(404, { ...problem, status: 404 });
    await expect(run(url, ['checks', 'show', 'cve-2026-1234'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(asked[0]?.url).toBe('/api/v1/checks/280001234');
  });

  it.each([
    [401, 'AUTH'],
    [403, 'AUTH'],
    [404, 'NOT_FOUND'],
    [500, 'FAILURE'],
  ])('answers status %d with %s and without control characters', async (status, code) => {
    const { url } = await platform(status, { ...problem, status });
    const error = await run(url, ['about']).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining('red detail') });
    expect(String(error)).not.toContain('\u001b');
  });

  it('says what answers when it is not a platform', async () => {
    const { url } = await platform(200, '<html>');
    await expect(run(url, ['about'])).rejects.toThrow('not JSON');
  });

  it('says that nothing answers', async () => {
    await expect(run('http://127.0.0.1:1', ['about'])).rejects.toThrow('does not answer');
  });

  it.each([
    [['assets', 'show', '../users']],
    [['detections', 'list', '--limit', '-1']],
    [['detections', 'list', '--severity', 'awful']],
    [['detections', 'list', '--sort', 'beauty']],
    [['assets', 'list', '--as-of', 'yesterday']],
    [['checks', 'show', 'nonsense']],
  ])('refuses %j before it sends anything', async (words) => {
    const { url, asked } = await platform(200, {});
    await expect(run(url, words)).rejects.toMatchObject({ code: 'USAGE' });
    expect(asked).toEqual([]);
  });

  it('keeps address and token readable only for their owner', async () => {
    const me = { userId: assetId, login: 'admin', organizationId: assetId, organization: 'first', role: 'manager' };
    const { url } = await platform(200, me);
    const environment = { XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'vedette-cli-')) };
    await run(url, ['login', '--url', url], environment);
    const file = contextFile(environment);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      current: 'default',
      contexts: { default: { url, token: 'asked-token' } },
    });
    expect(readContext(environment)).toEqual({ url, token: 'asked-token' });
    rmSync(environment.XDG_CONFIG_HOME, { recursive: true });
  });

  it('keeps several platforms by name, and talks to the one that --context names', async () => {
    const me = { userId: assetId, login: 'admin', organizationId: assetId, organization: 'first', role: 'manager' };
    const [first, second] = [await platform(200, me), await platform(200, me)];
    const environment = { XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'vedette-cli-')) };
    await run(first.url, ['login', '--url', first.url], environment);
    await run(second.url, ['login', '--url', second.url, '--context', 'second'], environment);
    expect(readContext(environment).url).toBe(second.url);
    await run('http://127.0.0.1:1', ['api', 'GET', '/session', '--context', 'default'], environment);
    expect(first.asked.at(-1)).toEqual({ url: '/api/v1/session', authorization: 'Bearer asked-token' });
    await run(first.url, ['contexts', 'use', 'default'], environment);
    expect(readContext(environment).url).toBe(first.url);
    await run(first.url, ['contexts', 'delete', 'second'], environment);
    const listed = await run(first.url, ['contexts', 'list', '-o', 'jsonl'], environment);
    expect(listed).toBe(`${JSON.stringify({ name: 'default', url: first.url, current: true })}\n`);
    await expect(run(first.url, ['about', '--context', 'second'], environment)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('there are default'),
    });
    rmSync(environment.XDG_CONFIG_HOME, { recursive: true });
  });

  it('reads the file that the first releases kept', () => {
    const environment = { XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'vedette-cli-')) };
    mkdirSync(join(environment.XDG_CONFIG_HOME, 'vedette'));
    writeFileSync(contextFile(environment), JSON.stringify({ url: 'https://old.example', token: 't' }));
    expect(readContext(environment)).toEqual({ url: 'https://old.example', token: 't' });
    rmSync(environment.XDG_CONFIG_HOME, { recursive: true });
  });

  it('calls an operation by its path, with a document from standard input', async () => {
    const { url, asked } = await platform(200, { items: [] });
    await run(url, ['api', 'get', '/assets?limit=1']);
    expect(asked[0]?.url).toBe('/api/v1/assets?limit=1');
    await expect(run(url, ['api', 'TRACE', '/assets'])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run(url, ['api', 'GET', 'https://elsewhere.example/'])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run(url, ['api', 'POST', '/tokens', '--body', '/does/not/exist'])).rejects.toMatchObject({ code: 'USAGE' });
    expect(asked).toHaveLength(1);
  });

  it('never sends a kept token to another platform', () => {
    expect(() => readContext({ HOME: '/nowhere', VEDETTE_URL: 'http://127.0.0.1:2' })).toThrow('no token');
  });
});

it('prints tables with aligned columns and without control characters', () => {
  expect(
    table(
      ['a', 'bb'],
      [
        ['x\u0007y', null],
        ['long value', 7],
      ],
    ),
  ).toBe('A           BB\nx y         -\nlong value  7');
});
