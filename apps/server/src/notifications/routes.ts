import { randomUUID, X509Certificate } from 'node:crypto';
import {
  type ChannelSettings,
  deleteNotificationChannel,
  deleteNotificationRule,
  listDeliveries,
  listNotificationChannels,
  listNotificationRules,
  saveNotificationChannel,
  saveNotificationRule,
  testNotificationChannel,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { readMoment } from '../reports/report-scope.ts';
import { scopesOf } from '../reports/routes.ts';
import { channelPlace, placeOf } from '../sealing/sealed-places.ts';
import { DeliveryError } from './channels/delivery-error.ts';
import { isWebhookSecret, newWebhookSecret } from './channels/sign-webhook.ts';
import { deliver } from './deliver.ts';
import {
  findChannel,
  loadChannels,
  loadDeliveries,
  loadRules,
  toChannel,
  toRule,
  usesOfChannel,
  writeChannel,
  writeRule,
} from './store.ts';

const maxChannels = 100;
const maxRules = 200;
const testTimeoutMs = 30_000;

/** Channels, rules and the delivery log. */
export function registerNotificationRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock, log, sealer } = context;

  serve(app, context, listNotificationChannels, async ({ caller }) => ({ items: await loadChannels(db, caller.organizationId) }));

  serve(app, context, saveNotificationChannel, async ({ body, caller: { organizationId, login } }) => {
    const known = body.channelId === undefined ? null : await findChannel(db, organizationId, body.channelId);
    if (body.channelId !== undefined && !known) throw new ApiError('NOT_FOUND', `There is no channel ${body.channelId}.`);
    if (!known && (await loadChannels(db, organizationId)).length >= maxChannels) {
      throw new ApiError('BAD_REQUEST', `An organization has at most ${maxChannels} channels.`);
    }
    checkCertificates(body.settings);
    // A secret goes nowhere but where it was meant for: whoever changes the place has to know it.
    const kept = known && placeOf(known.settings as ChannelSettings) === placeOf(body.settings) ? known.secret : null;
    const made = body.settings.kind === 'webhook' && body.secret === undefined && kept === null ? newWebhookSecret() : null;
    const given = body.secret ?? made;
    // What is kept was looked at when it was given, for this very place.
    if (given !== null || kept === null) checkSecret(body.settings, given);
    const { name, settings, enabled } = body;
    const id = known?.id ?? randomUUID();
    const secret = given === null ? kept : sealer.seal(given, channelPlace({ organizationId, id, settings }));
    const row = await writeChannel(db, {
      organizationId,
      id,
      name,
      settings,
      secret,
      enabled,
      createdAt: clock(),
      createdBy: login,
    });
    log.info({ audit: 'notification-channel', organizationId, channel: id, settings, by: login }, 'a channel was saved');
    return { channel: toChannel(row, 0), secret: made };
  });

  serve(app, context, deleteNotificationChannel, async ({ params: { channelId }, caller: { organizationId, login } }) => {
    if (!(await findChannel(db, organizationId, channelId))) throw new ApiError('NOT_FOUND', `There is no channel ${channelId}.`);
    const uses = await usesOfChannel(db, organizationId, channelId);
    if (uses.length > 0) throw new ApiError('CONFLICT', `The channel is used by ${uses.slice(0, 10).join(', ')}.`);
    await db.deleteFrom('notificationChannel').where('organizationId', '=', organizationId).where('id', '=', channelId).execute();
    log.info({ audit: 'notification-channel-deleted', organizationId, channel: channelId, by: login }, 'a channel was deleted');
    return { deleted: true as const };
  });

  serve(app, context, testNotificationChannel, async ({ params: { channelId }, caller: { organizationId } }) => {
    const channel = await findChannel(db, organizationId, channelId);
    if (!channel) throw new ApiError('NOT_FOUND', `There is no channel ${channelId}.`);
    const subject = `Vedette: test of the channel ${channel.name}`;
    const message = { id: randomUUID(), organizationId, subject, events: 0, createdAt: clock(), body: { kind: 'test' as const } };
    try {
      await deliver(context, channel, { message, signal: AbortSignal.timeout(testTimeoutMs) });
      return { delivered: true, problem: null };
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      return { delivered: false, problem: error.message };
    }
  });

  serve(app, context, listNotificationRules, async ({ caller }) => {
    const items = [];
    for (const row of await loadRules(db, caller.organizationId)) items.push(await toRule(db, row));
    return { items };
  });

  serve(app, context, saveNotificationRule, async ({ body, caller }) => {
    const { organizationId, userId, login } = caller;
    const now = clock();
    const scopes = scopesOf(caller, { tellsOfDetections: body.events.some((event) => event.startsWith('detection.')) });
    readMoment(body.query, 'detection', now);
    readMoment(body.assets, 'asset', now);
    const rules = await loadRules(db, organizationId);
    if (body.ruleId !== undefined && !rules.some(({ id }) => id === body.ruleId))
      throw new ApiError('NOT_FOUND', `There is no rule ${body.ruleId}.`);
    if (body.ruleId === undefined && rules.length >= maxRules)
      throw new ApiError('BAD_REQUEST', `An organization has at most ${maxRules} rules.`);
    const channels = new Set((await loadChannels(db, organizationId)).map(({ channelId }) => channelId));
    const unknown = body.channelIds.find((id) => !channels.has(id));
    if (unknown !== undefined) throw new ApiError('BAD_REQUEST', `body.channelIds: there is no channel ${unknown}`);
    const { name, events, channelIds, digestMinutes, enabled } = body;
    const row = await writeRule(db, {
      organizationId,
      id: body.ruleId ?? randomUUID(),
      name,
      events: [...new Set(events)],
      query: body.query || null,
      assets: body.assets ? [body.assets] : [],
      channelIds: [...new Set(channelIds)],
      digestMinutes,
      enabled,
      scopes: [...scopes],
      createdAt: now,
      createdBy: login,
      ownerId: userId,
    });
    const rule = await toRule(db, row);
    log.info({ audit: 'notification-rule', organizationId, rule, by: login }, 'a rule was saved');
    return rule;
  });

  serve(app, context, deleteNotificationRule, async ({ params: { ruleId }, caller: { organizationId, login } }) => {
    const { numDeletedRows } = await db
      .deleteFrom('notificationRule')
      .where('organizationId', '=', organizationId)
      .where('id', '=', ruleId)
      .executeTakeFirst();
    if (numDeletedRows === 0n) throw new ApiError('NOT_FOUND', `There is no rule ${ruleId}.`);
    log.info({ audit: 'notification-rule-deleted', organizationId, rule: ruleId, by: login }, 'a rule was deleted');
    return { deleted: true as const };
  });

  serve(app, context, listDeliveries, ({ query, caller }) => loadDeliveries(db, caller.organizationId, query));
}

function checkCertificates(settings: ChannelSettings): void {
  if (!('ca' in settings) || settings.ca === null) return;
  try {
    void new X509Certificate(settings.ca);
  } catch (error) {
    throw new ApiError('BAD_REQUEST', 'body.settings.ca: these are no certificates as PEM', { cause: error });
  }
}

function checkSecret(settings: ChannelSettings, secret: string | null): void {
  const problem = problemOfSecret(settings, secret);
  if (problem !== null) throw new ApiError('BAD_REQUEST', `body.secret: ${problem}`);
}

function problemOfSecret(settings: ChannelSettings, secret: string | null): string | null {
  switch (settings.kind) {
    case 'email':
      if (settings.user === null) return null;
      if (settings.security === 'none') return 'a login is not sent without TLS';
      return secret === null ? 'the password for this login and this mail server is missing' : null;
    case 'webhook':
      return isWebhookSecret(secret ?? '') ? null : 'it has to be whsec_ and base64 of 24 to 64 bytes';
    case 'slack':
      return URL.parse(secret ?? '')?.protocol === 'https:' ? null : 'the https address of the Slack webhook is missing';
    case 'syslog':
      return null;
  }
}
