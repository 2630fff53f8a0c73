import { ChannelSettings } from '@vedette/protocol';
import type { Selectable } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { loadAttachment } from '../reports/load-attachment.ts';
import { channelPlace } from '../sealing/sealed-places.ts';
import { SealingError } from '../sealing/sealing-error.ts';
import { DeliveryError } from './channels/delivery-error.ts';
import { sendEmail } from './channels/send-email.ts';
import { sendSyslog } from './channels/send-syslog.ts';
import { sendSlack, sendWebhook } from './channels/send-webhook.ts';
import type { Message } from './message.ts';

export type ChannelRow = Selectable<Database['notificationChannel']>;

/** Sends one message by one channel, once. Throws DeliveryError. */
export async function deliver(
  context: Pick<Context, 'db' | 'config' | 'clock' | 'sealer'>,
  channel: Pick<ChannelRow, 'organizationId' | 'id' | 'settings' | 'secret'>,
  { message, signal }: { message: Message; signal: AbortSignal },
): Promise<void> {
  const { db, config, clock } = context;
  const settings = ChannelSettings.parse(channel.settings);
  const secret = openSecret(context, channel, settings);
  const consoleUrl = config.publicUrl;
  const sending = { secret, allowed: config.destinationNetworks, consoleUrl, now: clock(), signal };
  switch (settings.kind) {
    case 'email': {
      const { attachment, note } = await loadAttachment(db, message.body);
      const told = note === null ? message : { ...message, subject: `${message.subject} ${note}` };
      return sendEmail(settings, told, { ...sending, attachments: attachment ? [attachment] : [] });
    }
    case 'webhook':
      return sendWebhook(settings, message, sending);
    case 'slack':
      return sendSlack(message, sending);
    case 'syslog':
      return sendSyslog(settings, message, sending);
  }
}

function openSecret(
  { sealer }: Pick<Context, 'sealer'>,
  { organizationId, id, secret }: Pick<ChannelRow, 'organizationId' | 'id' | 'secret'>,
  settings: ChannelSettings,
): string | null {
  try {
    return secret && sealer.open(secret, channelPlace({ organizationId, id, settings })).toString();
  } catch (error) {
    if (error instanceof SealingError) throw new DeliveryError('CHANNEL', error.message, { cause: error });
    throw error;
  }
}
