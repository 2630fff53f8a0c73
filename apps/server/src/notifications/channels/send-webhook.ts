import type { BlockList } from 'node:net';
import type { ChannelSettings } from '@vedette/protocol';
import { type Message, messageText } from '../message.ts';
import { post } from './post.ts';
import { webhookHeaders } from './sign-webhook.ts';
import { toOcsf } from './to-ocsf.ts';

export interface Sending {
  readonly secret: string | null;
  readonly allowed: BlockList;
  readonly consoleUrl: string | null;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Posts a message, signed after Standard Webhooks. Throws DeliveryError. */
export async function sendWebhook(
  { url, format }: Extract<ChannelSettings, { kind: 'webhook' }>,
  message: Message,
  { secret, allowed, now, signal }: Sending,
): Promise<void> {
  const body = JSON.stringify(format === 'ocsf' ? ocsfEvents(message) : payload(message));
  const headers = webhookHeaders(message.id, body, { secret: secret ?? '', now });
  await post({ url, headers, body, allowed, signal });
}

function ocsfEvents({ body }: Message): unknown[] {
  return body.kind === 'events' ? body.events.flatMap((event) => toOcsf(event) ?? []) : [];
}

function payload({ body, createdAt, subject, events }: Message): object {
  const timestamp = createdAt.toISOString();
  switch (body.kind) {
    case 'events':
      return { type: 'notification.events', timestamp, data: { rule: body.rule, subject, count: events, events: body.events } };
    case 'report':
      return { type: 'report.done', timestamp, data: { subject, reportId: body.reportId } };
    case 'test':
      return { type: 'notification.test', timestamp, data: { subject } };
  }
}

/** Posts a message as Slack's incoming webhooks and what imitates them take it; the address is the secret. Throws DeliveryError. */
export async function sendSlack(message: Message, { secret, allowed, consoleUrl, signal }: Sending): Promise<void> {
  const text = `*${escapeSlack(message.subject)}*\n${escapeSlack(messageText(message, consoleUrl))}`.slice(0, maxSlackChars);
  await post({ url: secret ?? '', headers: {}, body: JSON.stringify({ text }), allowed, signal });
}

/** Longer texts are cut by the other side at places of its own choosing. */
const maxSlackChars = 35_000;

/** So that no name becomes a link or a mention: what Slack asks to be replaced. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
