import { createHmac, randomBytes } from 'node:crypto';
import { DeliveryError } from './delivery-error.ts';

const prefix = 'whsec_';

/** A new signing secret as Standard Webhooks 1.0.0 writes it. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

/** Whether text is a signing secret: base64 of 24 to 64 bytes behind "whsec_". */
export function isWebhookSecret(text: string): boolean {
  if (!text.startsWith(prefix) || !/^[A-Za-z0-9+/]+={0,2}$/.test(text.slice(prefix.length))) return false;
  const { length } = Buffer.from(text.slice(prefix.length), 'base64');
  return length >= 24 && length <= 64;
}

/**
 * Headers of Standard Webhooks 1.0.0 with a symmetric signature (v1, HMAC-SHA256). The timestamp is that of this attempt, so that whoever
 * receives can refuse what is older than a few minutes; the id is that of the message, so that it is taken once.
 */
export function webhookHeaders(id: string, body: string, { secret, now }: { secret: string; now: Date }): Record<string, string> {
  if (!isWebhookSecret(secret)) throw new DeliveryError('CHANNEL', 'The signing secret of the webhook cannot be used');
  const timestamp = Math.floor(now.getTime() / 1000);
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}
