import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificateFor } from '@vedette/testkit';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mailServer, type MailServer } from '../../testing/mail-server.ts';
import type { Message } from '../message.ts';
import { readNetworks } from './safe-address.ts';
import { sendEmail } from './send-email.ts';

const known = getCACertificates('default');
let certificate: { readonly key: string; readonly cert: string; readonly ca: string };
let directory: string;
const closing: (() => PromiseLike<void>)[] = [];

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-smtp-'));
  const { caFile, certFile, keyFile } = certificateFor(directory, '127.0.0.1');
  const [key = '', cert = '', ca = ''] = [keyFile, certFile, caFile].map((file) => readFileSync(file, 'utf8'));
  certificate = { key, cert, ca };
});
afterEach(async () => {
  setDefaultCACertificates(known);
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const password = 'a password for mail';
const message: Message = {
  id: '11111111-2222-4333-8444-555555555555',
  organizationId: 'o',
  subject: 'one event',
  events: 1,
  createdAt: new Date('2026-11-21T12:00:00Z'),
  body: { kind: 'test' },
};

interface Heard extends MailServer {
  /** Passwords that came, and whether over TLS. */
  readonly logins: { readonly password: unknown; readonly secure: boolean }[];
}

async function openMailServer(options: SMTPServerOptions = {}): Promise<Heard> {
  const logins: Heard['logins'] = [];
  const server = await mailServer({
    ...certificate,
    authOptional: false,
    disabledCommands: [],
    onAuth: (auth, session, callback) => {
      logins.push({ password: auth.password, secure: session.secure });
      if (auth.password === password) return callback(null, { user: auth.username ?? '' });
      return callback(Object.assign(new Error('no'), { responseCode: 535 }));
    },
    ...options,
  });
  closing.push(() => server[Symbol.asyncDispose]());
  return { ...server, logins };
}

interface Change {
  readonly secret?: string;
  readonly ca?: string;
}

function send(port: number, security: 'starttls' | 'tls', { secret = password, ca }: Change = {}): Promise<void> {
  const settings = { kind: 'email', host: '127.0.0.1', port, security, user: 'vedette', from: 'v@example.org' } as const;
  const way = { allowed: readNetworks(['127.0.0.1']), signal: AbortSignal.timeout(15_000) };
  const mailing = { ...way, secret, consoleUrl: null, attachments: [] };
  return sendEmail({ ...settings, to: ['ops@example.org'], ca: ca ?? null }, message, mailing);
}

describe('a mail server that asks for a login', () => {
  it.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)('gets it by %s, behind TLS alone', async (security, options) => {
    setDefaultCACertificates([...known, certificate.ca]);
    const { port, logins, mails } = await openMailServer(options);
    await send(port, security);
    expect([logins, mails.length]).toEqual([[{ password, secure: true }], 1]);
  });

  it.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)('whose certificate nobody vouches for hears neither password nor mail by %s', async (security, options) => {
    const { port, logins, mails } = await openMailServer(options);
    await expect(send(port, security)).rejects.toMatchObject({ code: 'FAILED' });
    expect([logins, mails]).toEqual([[], []]);
  });

  it.each([
    ['starttls', {}],
    ['tls', { secure: true }],
  ] as const)('of a company with certificates of its own is believed by %s where these are set', async (security, options) => {
    const { port, logins, mails } = await openMailServer(options);
    await send(port, security, { ca: certificate.ca });
    expect([logins, mails.length]).toEqual([[{ password, secure: true }], 1]);
  });

  it('that the usual authorities vouch for is not believed where others are set instead', async () => {
    setDefaultCACertificates([...known, certificate.ca]);
    const other = certificateFor(mkdtempSync(join(directory, 'other-')), '127.0.0.1');
    const { port, logins, mails } = await openMailServer();
    const sent = send(port, 'starttls', { ca: readFileSync(other.caFile, 'utf8') });
    await expect(sent).rejects.toMatchObject({ code: 'FAILED' });
    expect([logins, mails]).toEqual([[], []]);
  });

  it('of another name hears neither, although its certificate is good', async () => {
    setDefaultCACertificates([...known, certificate.ca]);
    const other = certificateFor(mkdtempSync(join(directory, 'other-')), '127.0.0.2');
    const [key, cert] = [readFileSync(other.keyFile, 'utf8'), readFileSync(other.certFile, 'utf8')];
    const { port, logins, mails } = await openMailServer({ key, cert });
    await expect(send(port, 'starttls')).rejects.toMatchObject({ code: 'FAILED' });
    expect([logins, mails]).toEqual([[], []]);
  });

  it('and refuses it, is told of by its answer and not by the password', async () => {
    setDefaultCACertificates([...known, certificate.ca]);
    const { port, mails } = await openMailServer();
    const sent = send(port, 'starttls', { secret: 'a wrong password' });
    await expect(sent).rejects.toMatchObject({ code: 'FAILED', message: 'The mail server answered 535' });
    expect(mails).toEqual([]);
  });
});
