import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelSettings, NotificationEvent } from '@vedette/protocol';
import { certificateFor, endProcess, eventually } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToldEvent } from '../message.ts';
import { readNetworks } from './safe-address.ts';
import { sendSyslog } from './send-syslog.ts';

const program = '/usr/sbin/rsyslogd';
/** Its TLS is a package of its own. */
const hasTls = ['x86_64', 'aarch64'].some((machine) => existsSync(`/usr/lib/${machine}-linux-gnu/rsyslog/lmnsd_gtls.so`));
const isThere = existsSync(program) && hasTls;
if (!isThere) console.warn('skipped: no rsyslog (apt-get install rsyslog rsyslog-gnutls)');

const directory = mkdtempSync(join(tmpdir(), 'vedette-rsyslog-'));
const written = join(directory, 'received');
let daemon: ChildProcess | null = null;
let ca = '';

/** What it understood, a line of JSON for each message: every part that RFC 5424 names. */
function configuration(): string {
  const { caFile, certFile, keyFile } = certificateFor(directory, '127.0.0.1');
  ca = readFileSync(caFile, 'utf8');
  const part = (name: string, property: string) =>
    `constant(value="\\"${name}\\":\\"") property(name="${property}" format="json") constant(value="\\"")`;
  const parts = [
    ['priority', 'pri'],
    ['version', 'protocol-version'],
    ['at', 'timereported" dateFormat="rfc3339'],
    ['app', 'app-name'],
    ['process', 'procid'],
    ['id', 'msgid'],
    ['data', 'structured-data'],
    ['text', 'msg'],
  ] as const;
  return `
global(workDirectory="${directory}" maxMessageSize="64k"
  defaultNetstreamDriverCAFile="${caFile}" defaultNetstreamDriverCertFile="${certFile}" defaultNetstreamDriverKeyFile="${keyFile}"
  parser.escapeControlCharactersOnReceive="off")
module(load="imtcp")
template(name="parts" type="list") {
  constant(value="{") ${parts.map(([name, property]) => part(name, property)).join(' constant(value=",") ')} constant(value="}\\n")
}
ruleset(name="write") { action(type="omfile" file="${written}" template="parts") }
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="${directory}/tcp" ruleset="write")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="${directory}/tls" ruleset="write"
  streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
`;
}

interface Understood {
  readonly priority: string;
  readonly version: string;
  readonly at: string;
  readonly app: string;
  readonly process: string;
  readonly id: string;
  readonly data: string;
  readonly text: string;
}

/** All that came so far; a line that is being written is none yet. */
function received(): Understood[] {
  if (!existsSync(written)) return [];
  const lines = readFileSync(written, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Understood); // as configured above
}

const port = (transport: string) => Number(readFileSync(join(directory, transport), 'utf8'));

async function send(transport: 'tcp' | 'tls', events: readonly ToldEvent[], trusted = ca): Promise<Understood[]> {
  const before = received().length;
  const settings: ChannelSettings = {
    kind: 'syslog',
    host: '127.0.0.1',
    port: port(transport),
    transport,
    facility: 16,
    format: 'vedette',
    ca: transport === 'tls' ? trusted : null,
  };
  const body = { kind: 'events' as const, rule: 'r', events };
  const message = { id: 'm', organizationId: 'o', subject: 's', events: events.length, createdAt: new Date(), body };
  await sendSyslog(settings, message, { allowed: readNetworks(['127.0.0.1']), signal: AbortSignal.timeout(15_000) });
  return eventually('all messages', 10_000, () => {
    const all = received().slice(before);
    return all.length >= events.length ? all : null;
  });
}

function told(text: string, id = 'e1', event: NotificationEvent = 'agent.silent'): ToldEvent {
  return { id, event, at: '2026-11-20T12:00:00.123Z', text };
}

beforeAll(async () => {
  if (!isThere) return;
  const file = join(directory, 'rsyslog.conf');
  writeFileSync(file, configuration());
  daemon = spawn(program, ['-n', '-f', file, '-i', join(directory, 'pid')], { stdio: ['ignore', 'inherit', 'inherit'] });
  await eventually('rsyslog', 20_000, () => (['tcp', 'tls'].every((name) => existsSync(join(directory, name))) ? true : null));
}, 60_000);
afterAll(async () => {
  await endProcess(daemon, 'SIGTERM');
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(!isThere)('a real rsyslog', () => {
  it.each(['tcp', 'tls'] as const)('understands every part of what comes over %s', async (transport) => {
    const [line] = await send(transport, [told('web: 50 % "quoted" [and] \\ back, ünïcode 日本 😀')]);
    expect(line).toEqual({
      priority: '132',
      version: '1',
      at: '2026-11-20T12:00:00.123Z',
      app: 'vedette',
      process: '-',
      id: 'agent.silent',
      data: '[origin software="Vedette"][meta@32473 id="e1"]',
      text: '\ufeffweb: 50 % "quoted" [and] \\ back, ünïcode 日本 😀',
    });
  });

  it('takes each message once and whole, whatever lengths and line ends are in them', async () => {
    const texts = Array.from({ length: 300 }, (_, at) => `${at} ${'ü\n<13>1 '.repeat((at * 7) % 90)}end`);
    const lines = await send(
      'tls',
      texts.map((text) => told(text)),
    );
    expect(lines.map(({ text }) => text)).toEqual(texts.map((text) => `\ufeff${text.replaceAll('\n', ' ')}`));
  });

  it('of another company than the one that is trusted hears nothing over TLS', async () => {
    const other = certificateFor(mkdtempSync(join(directory, 'other-')), '127.0.0.1');
    const before = received().length;
    const sent = send('tls', [told('secret')], readFileSync(other.caFile, 'utf8'));
    await expect(sent).rejects.toMatchObject({ code: 'FAILED' });
    await send('tcp', [told('what comes behind it')]);
    expect(received().slice(before)).toMatchObject([{ text: '\ufeffwhat comes behind it' }]);
  });

  it('takes a message as long as we send any', async () => {
    const [line] = await send('tcp', [told('x'.repeat(60_000))]);
    expect(line?.text.length).toBe(60_001);
  });

  it('reads back an id of any characters: quotes, backslashes and brackets are escaped', async () => {
    const [line] = await send('tcp', [told('text', String.raw`a"b\c]d`)]);
    expect([line?.data, line?.text]).toEqual([String.raw`[origin software="Vedette"][meta@32473 id="a\"b\\c\]d"]`, '\ufefftext']);
  });
});
