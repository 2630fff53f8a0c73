import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { ChannelSettings } from '@vedette/protocol';
import { eventually } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../message.ts';
import type { DeliveryError } from './delivery-error.ts';
import { readNetworks } from './safe-address.ts';
import { sendEmail } from './send-email.ts';
import { sendSyslog } from './send-syslog.ts';
import { sendWebhook } from './send-webhook.ts';

/** Stands for what listens on this machine and in its networks: it must hear nothing. */
const inside = createServer((socket) => {
  heard += 1;
  socket.destroy();
});
const datagrams = createSocket('udp4');
let port = 0;
let heard = 0;

beforeAll(async () => {
  inside.listen(0, '0.0.0.0');
  await once(inside, 'listening');
  ({ port } = inside.address() as AddressInfo);
  datagrams.on('message', () => (heard += 1)).bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
});
beforeEach(() => {
  heard = 0;
});
afterAll(() => {
  inside.close();
  datagrams.close();
});

const message: Message = {
  id: 'm',
  organizationId: 'o',
  subject: 's',
  events: 0,
  createdAt: new Date('2026-11-21T12:00:00Z'),
  body: { kind: 'test' },
};

/** Sends by each kind of channel to a host, as a platform does whose administrator allows these networks. */
const senders: Record<string, (host: string, networks: readonly string[]) => Promise<void>> = {
  'e-mail': (host, networks) => {
    const settings = { kind: 'email', host, port, security: 'none', user: null, from: 'v@example.org', ca: null } as const;
    const mailing = { ...way(networks), secret: null, consoleUrl: null, attachments: [] };
    return sendEmail({ ...settings, to: ['ops@example.org'] }, message, mailing);
  },
  'syslog over TCP': (host, networks) => sendSyslog(syslog(host, 'tcp'), message, way(networks)),
  'syslog over TLS': (host, networks) => sendSyslog(syslog(host, 'tls'), message, way(networks)),
  'syslog over UDP': (host, networks) => sendSyslog(syslog(host, 'udp'), message, way(networks)),
  webhook: (host, networks) => {
    const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}/`;
    const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
    const sending = { ...way(networks), secret, consoleUrl: null, now: new Date() };
    return sendWebhook({ kind: 'webhook', url, format: 'vedette' }, message, sending);
  },
};

function way(networks: readonly string[]) {
  return { allowed: readNetworks(networks), signal: AbortSignal.timeout(15_000) };
}

function syslog(host: string, transport: 'tcp' | 'tls' | 'udp'): Extract<ChannelSettings, { kind: 'syslog' }> {
  return { kind: 'syslog', host, port, transport, facility: 16, format: 'vedette', ca: null };
}

describe.each(Object.entries(senders))('%s', (_name, send) => {
  it.each(['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0.0.0.0', '::1', '::ffff:127.0.0.1', 'localhost'])(
    'to %s is refused, and nobody there hears of it',
    async (host) => {
      const refused = { code: 'REFUSED', message: expect.stringContaining('VEDETTE_DESTINATION_NETWORKS') };
      await expect(send(host, [])).rejects.toMatchObject(refused);
      await expect(send(host, ['10.0.0.0/8'])).rejects.toMatchObject(refused);
      expect(heard).toBe(0);
    },
  );

  it('to a network that the administrator allows gets there', async () => {
    const outcome = await send('127.0.0.1', ['127.0.0.0/8']).then(
      () => 'sent',
      (error: DeliveryError) => error.code,
    );
    // Who listens there hangs up.
    expect(['sent', 'FAILED']).toContain(outcome);
    await eventually('somebody who hears', 10_000, () => (heard > 0 ? true : null));
  });
});
