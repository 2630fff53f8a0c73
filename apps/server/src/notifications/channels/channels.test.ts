import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import type { ChannelSettings, Detection } from '@vedette/protocol';
import { certificateFor, eventually } from '@vedette/testkit';
import type { SMTPServerOptions } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { mailServer, type MailServer } from '../../testing/mail-server.ts';
import type { Message, ToldEvent } from '../message.ts';
import { DeliveryError } from './delivery-error.ts';
import { readNetworks } from './safe-address.ts';
import { sendEmail } from './send-email.ts';
import { sendSlack, sendWebhook, type Sending } from './send-webhook.ts';
import { sendSyslog, syslogLine } from './send-syslog.ts';
import { newWebhookSecret, webhookHeaders } from './sign-webhook.ts';
import { toOcsf } from './to-ocsf.ts';

const closing: (() => PromiseLike<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const detection: Detection = {
  assetId: '3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa' as Detection['assetId'],
  hostname: 'web <!channel>',
  check: 280001001,
  name: 'CVE-2026-1001',
  kind: 'vulnerability',
  title: null,
  severity: 5,
  confidence: 'confirmed',
  status: 'new',
  firstFound: '2026-11-20T12:00:00.000Z',
  lastFound: '2026-11-21T12:00:00.000Z',
  fixedAt: null,
  kevSince: '2026-11-01',
  risk: 900,
  exception: null,
  cvssScore: 9.8,
  cvssVersion: '4.0',
  epssScore: 0.5,
  packages: [
    {
      name: 'openssl',
      architecture: 'amd64',
      installed: '1-1',
      fixed: '2-1',
      source: 'openssl',
      role: 'installed',
      advisory: 'DSA-1',
      feed: 'debian-dsa',
    },
  ],
};

const event: ToldEvent = {
  id: 'e1',
  event: 'detection.new',
  at: '2026-11-20T12:00:00.000Z',
  text: 'New: web <!channel>\r\n: critical CVE-2026-1001 ünïcode',
  detection,
};

function message(...events: ToldEvent[]): Message {
  const createdAt = new Date('2026-11-21T12:00:00Z');
  const body = { kind: 'events' as const, rule: 'r', events };
  return {
    id: '11111111-2222-4333-8444-555555555555',
    organizationId: 'o',
    subject: 'r: 1 event',
    events: events.length,
    createdAt,
    body,
  };
}

const signal = new AbortController().signal;
const loopback = readNetworks(['127.0.0.1']);

function sending(change: Partial<Sending> = {}): Sending {
  return { secret: newWebhookSecret(), allowed: loopback, consoleUrl: null, now: new Date(), signal, ...change };
}

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function receiver(
  answer: (received: Received) => { status: number; headers?: Record<string, string> },
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const take = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const one = { headers: request.headers, body: Buffer.concat(parts).toString() };
    received.push(one);
    const { status, headers = {} } = answer(one);
    reply.writeHead(status, headers).end('x'.repeat(100_000));
  };
  const server = createHttp((request, reply) => void take(request, reply)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

describe('a webhook', () => {
  it('is believed by the library of Standard Webhooks, and not after a change of body, id or time', async () => {
    const { url, received } = await receiver(() => ({ status: 204 }));
    const secret = newWebhookSecret();
    await sendWebhook({ kind: 'webhook', url, format: 'vedette' }, message(event), sending({ secret }));
    const [{ body, headers } = { body: '', headers: {} }] = received;
    const judge = new Webhook(secret);
    const given = headers as Record<string, string>;
    expect(judge.verify(body, given)).toMatchObject({ type: 'notification.events', data: { count: 1, events: [{ id: 'e1' }] } });
    expect(given['webhook-id']).toBe(message().id);
    for (const [changedBody, changed] of [
      [`${body} `, {}],
      [body, { 'webhook-id': 'another' }],
      [body, { 'webhook-timestamp': String(Number(given['webhook-timestamp']) + 1) }],
      [body, { 'webhook-signature': given['webhook-signature']?.replace('v1,', 'v1,A') ?? '' }],
    ] as const) {
      expect(() => judge.verify(changedBody, { ...given, ...changed })).toThrow(/signature/i);
    }
    expect(() => new Webhook(newWebhookSecret()).verify(body, given)).toThrow(/signature/i);
  });

  it('that is replayed later is refused by its timestamp', () => {
    const secret = newWebhookSecret();
    const old = webhookHeaders('id', '{}', { secret, now: new Date(Date.now() - 10 * 60_000) });
    expect(() => new Webhook(secret).verify('{}', old)).toThrow(/timestamp/i);
  });

  it.each([
    [500, 'FAILED'],
    [302, 'FAILED'],
    [410, 'GONE'],
  ])('answered by %i is %s, and a redirect leads nowhere', async (status, code) => {
    const elsewhere = await receiver(() => ({ status: 200 }));
    const { url } = await receiver(() => ({ status, headers: { location: elsewhere.url } }));
    const sent = sendWebhook({ kind: 'webhook', url, format: 'vedette' }, message(event), sending());
    await expect(sent).rejects.toMatchObject({ name: 'DeliveryError', code });
    expect(elsewhere.received).toEqual([]);
  });

  it.each(['http://127.0.0.1:1/', 'https://127.0.0.1:1/', 'https://localhost:1/', 'https://[::1]:1/', 'http://example.org/'])(
    'to %s is refused while the administrator allows nothing',
    async (url) => {
      const sent = sendWebhook(
        { kind: 'webhook', url, format: 'vedette' },
        message(event),
        sending({ allowed: readNetworks([]) }),
      );
      await expect(sent).rejects.toMatchObject({ code: 'REFUSED' });
    },
  );

  it('as OCSF holds Vulnerability Findings', async () => {
    const { url, received } = await receiver(() => ({ status: 200 }));
    await sendWebhook(
      { kind: 'webhook', url, format: 'ocsf' },
      message(event, { ...event, event: 'agent.silent', detection: undefined as never }),
      sending(),
    );
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject([{ class_uid: 2002, type_uid: 200201 }]);
  });
});

it('Slack gets text in which no name is a mention or a link', async () => {
  const { url, received } = await receiver(() => ({ status: 200 }));
  await sendSlack(message(event), sending({ secret: url }));
  const { text } = JSON.parse(received[0]?.body ?? '') as { text: string };
  expect(text).toContain('web &lt;!channel&gt;');
  expect(text).not.toContain('<');
});

describe('OCSF', () => {
  it('has what the class requires', () => {
    expect(toOcsf(event)).toMatchObject({
      activity_id: 1,
      category_uid: 2,
      class_uid: 2002,
      type_uid: 200201,
      time: Date.parse(event.at),
      severity_id: 5,
      status_id: 1,
      metadata: { version: '1.9.0', product: { vendor_name: 'Vedette' } },
      finding_info: { title: 'CVE-2026-1001', uid: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
      vulnerabilities: [
        {
          cve: { uid: 'CVE-2026-1001', cvss: [{ base_score: 9.8, version: '4.0' }] },
          is_fix_available: true,
          affected_packages: [{ name: 'openssl', version: '1-1', fixed_in_version: '2-1' }],
        },
      ],
    });
  });

  it.each([
    ['detection.fixed', 'fixed', 3, 4],
    ['detection.reopened', 'reopened', 1, 1],
    ['detection.known-exploited', 'active', 2, 1],
  ] as const)('calls %s activity %s %i and status %i', (name, status, activity, statusId) => {
    const changed = { ...event, event: name, detection: { ...detection, status } };
    expect(toOcsf(changed)).toMatchObject({ activity_id: activity, status_id: statusId, type_uid: 200200 + activity });
  });

  it('says nothing of events that are no finding', () => {
    const { detection: _none, ...other } = event;
    expect(toOcsf({ ...other, event: 'agent.silent' })).toBeNull();
  });
});

const way = { allowed: readNetworks(['127.0.0.1']), signal };

type Syslog = Extract<ChannelSettings, { kind: 'syslog' }>;

function syslog(change: Partial<Syslog>): Syslog {
  return { kind: 'syslog', host: '127.0.0.1', port: 0, transport: 'tcp', facility: 16, format: 'vedette', ca: null, ...change };
}

const line =
  /^<130>1 2026-11-20T12:00:00\.000Z \S+ vedette - detection\.new \[origin software="Vedette"\]\[meta@32473 id="e1"\] \ufeffNew: web <!channel> : critical CVE-2026-1001 ünïcode$/;

/** Frames of RFC 6587, 3.4.1. */
function frames(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.subarray(at, space));
    found.push(bytes.subarray(space + 1, space + 1 + length).toString());
    at = space + 1 + length;
  }
  return found;
}

describe('syslog', () => {
  it.each(['tcp', 'tls'] as const)('over %s sends a counted frame for each event', async (transport) => {
    const { key, cert, ca } = certificateOf();
    let bytes = Buffer.alloc(0);
    const take = (socket: NodeJS.ReadableStream): void =>
      void socket.on('data', (part: Buffer) => (bytes = Buffer.concat([bytes, part])));
    const server = transport === 'tls' ? createTls({ key, cert }, take) : createTcp(take);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await sendSyslog(syslog({ port, transport, ca }), message(event, event), way);
    const received = await eventually('both frames', 5000, () => (frames(bytes).length === 2 ? frames(bytes) : null));
    for (const one of received) expect(one).toMatch(line);
  });

  it('over TLS does not talk to whom it does not know', async () => {
    const { key, cert } = certificateOf();
    const server = createTls({ key, cert }).listen(0, '127.0.0.1');
    server.on('tlsClientError', () => undefined);
    await once(server, 'listening');
    closing.push(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(sendSyslog(syslog({ port, transport: 'tls' }), message(event), way)).rejects.toThrow(DeliveryError);
  });

  it('over UDP sends a datagram for each event, cut between characters where it is too long', async () => {
    const server = createSocket('udp4');
    const received: Buffer[] = [];
    server.on('message', (datagram) => received.push(datagram));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => void server.close());
    const { port } = server.address();
    await sendSyslog(syslog({ port, transport: 'udp' }), message(event, { ...event, text: 'ü'.repeat(5000) }), way);
    await eventually('both datagrams', 5000, () => (received.length === 2 ? true : null));
    expect(received[0]?.toString()).toMatch(line);
    expect(received[1]?.length).toBeLessThanOrEqual(2048);
    expect(received[1]?.toString().endsWith('ü')).toBe(true);
  });

  it('has no line ends in it, whatever a name holds', () => {
    const text = syslogLine({
      facility: 16,
      level: 2,
      at: '2026-11-20T12:00:00.000Z',
      id: 'a"]b\\',
      name: 'n',
      text: 'a\n<34>1 forged\r\n\0',
    });
    expect(text).not.toMatch(/[\r\n\0]/);
    expect(text).toContain(String.raw`id="a\"\]b\\"`);
  });

  it('to nobody fails', async () => {
    await expect(sendSyslog(syslog({ port: 1 }), message(event), way)).rejects.toMatchObject({ code: 'FAILED' });
  });
});

function certificateOf(): { key: string; cert: string; ca: string } {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-syslog-'));
  closing.push(() => rmSync(directory, { recursive: true }));
  const { caFile, certFile, keyFile } = certificateFor(directory, '127.0.0.1');
  const [key = '', cert = '', ca = ''] = [keyFile, certFile, caFile].map((file) => readFileSync(file, 'utf8'));
  return { key, cert, ca };
}

describe('e-mail', () => {
  const settings = {
    kind: 'email',
    host: '127.0.0.1',
    port: 0,
    security: 'none',
    user: null,
    from: 'vedette@example.org',
    to: ['ops@example.org'],
    ca: null,
  } as const;

  async function openMailServer(options?: SMTPServerOptions): Promise<MailServer> {
    const server = await mailServer(options);
    closing.push(() => server[Symbol.asyncDispose]());
    return server;
  }

  const more = { ...way, secret: null, consoleUrl: 'https://v.example', attachments: [] };

  it('arrives with an id that stays the same, and no header out of a subject', async () => {
    const { port, mails } = await openMailServer();
    const hostile = { ...message(event), subject: 'one\r\nBcc: everybody@example.org' };
    await sendEmail({ ...settings, to: [...settings.to], port }, hostile, more);
    const [mail = ''] = mails;
    expect(mail).toContain(`Message-ID: <${hostile.id}@vedette.invalid>`);
    expect(mail).toContain('Subject: one Bcc: everybody@example.org');
    expect(mail).not.toMatch(/^Bcc:/m);
    expect(mail).toContain('https://v.example');
  });

  it('carries a report', async () => {
    const { port, mails } = await openMailServer();
    const attachments = [{ filename: 'vedette-summary.csv', contentType: 'text/csv', content: Buffer.from('a,b\r\n') }];
    await sendEmail({ ...settings, to: [...settings.to], port }, message(event), { ...more, attachments });
    expect(mails[0]).toContain('filename=vedette-summary.csv');
  });

  it('that is refused says by what answer', async () => {
    const { port } = await openMailServer({
      onRcptTo: (_address, _session, callback) => callback(Object.assign(new Error('no such user'), { responseCode: 550 })),
    });
    await expect(sendEmail({ ...settings, to: [...settings.to], port }, message(event), more)).rejects.toMatchObject({
      code: 'FAILED',
      message: 'The mail server answered 550',
    });
  });

  it.each([
    [{ security: 'starttls' as const }, 'FAILED'],
    [{ user: 'vedette' }, 'CHANNEL'],
  ])('with %j to a server without TLS sends nothing in the clear', async (change, code) => {
    const { port, mails } = await openMailServer();
    const sent = sendEmail({ ...settings, to: [...settings.to], port, ...change }, message(event), {
      ...more,
      secret: 'password',
    });
    await expect(sent).rejects.toMatchObject({ code });
    expect(mails).toEqual([]);
  });
});
