import type { BlockList } from 'node:net';
import type { ChannelSettings } from '@vedette/protocol';
import { type Message, messageText } from '../message.ts';
import { connectTo } from './connect.ts';
import { DeliveryError } from './delivery-error.ts';

type Settings = Extract<ChannelSettings, { kind: 'email' }>;

export interface Attachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
}

export interface Mailing {
  readonly secret: string | null;
  readonly consoleUrl: string | null;
  readonly attachments: readonly Attachment[];
  readonly allowed: BlockList;
  readonly signal: AbortSignal;
}

const timeoutMs = 20_000;

/**
 * Sends a message by SMTP (RFC 5321). Its Message-ID is that of the message however often it is tried, so that mail programs show it
 * once. A login is never sent in the clear. Throws DeliveryError.
 */
export async function sendEmail(
  { host, port, security, user, from, to, ca }: Settings,
  message: Message,
  { secret, consoleUrl, attachments, allowed, signal }: Mailing,
): Promise<void> {
  if (user !== null && security === 'none') throw new DeliveryError('CHANNEL', 'A login is not sent without TLS');
  // Not before a mail is sent: it takes long to load.
  const { createTransport } = await import('nodemailer');
  const connection = await connectTo({ host, port }, { allowed, signal });
  const transport = createTransport({
    host,
    port,
    connection,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2', ...(ca ? { ca } : {}) },
    ...(user === null ? {} : { auth: { user, pass: secret ?? '' } }),
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: message.subject.replaceAll(/\s+/g, ' ').slice(0, 200),
      text: messageText(message, consoleUrl),
      messageId: `<${message.id}@vedette.invalid>`,
      date: message.createdAt,
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: attachments.map((one) => ({ ...one })),
    });
  } catch (error) {
    const { responseCode, code } = error as { responseCode?: number; code?: string }; // nodemailer's SMTPError
    const what = responseCode ? `answered ${responseCode}` : `could not be used (${code ?? 'unknown'})`;
    throw new DeliveryError('FAILED', `The mail server ${what}`, { cause: error });
  } finally {
    transport.close();
    connection.destroy();
  }
}
