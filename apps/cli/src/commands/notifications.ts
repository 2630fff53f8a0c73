import {
  ChannelId,
  ChannelSettings,
  deleteNotificationChannel,
  deleteNotificationRule,
  DeliverySorting,
  listDeliveries,
  listNotificationChannels,
  listNotificationRules,
  NotificationEvent,
  RuleId,
  saveNotificationChannel,
  saveNotificationRule,
  testNotificationChannel,
} from '@vedette/protocol';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { cursorOptions, listEnd, queryText, readList, sorting, sortOptions, text, wholeNumber } from './list-options.ts';

const channelsList: Command = {
  name: 'notifications channels list',
  summary: 'List channels by which notifications and reports leave, with how the last delivery went.',
  example: 'vedette notifications channels list',
  async run({ client }) {
    const data = await client().call(listNotificationChannels, {});
    const rows = data.items.map((one) => [
      one.channelId,
      one.name,
      one.settings.kind,
      one.enabled ? 'on' : 'off',
      one.waiting,
      one.lastDeliveredAt,
      one.problem,
    ]);
    const heads = ['channel', 'name', 'kind', '', 'waiting', 'delivered', 'problem'];
    return { data, text: data.items.length > 0 ? table(heads, rows) : 'none yet: vedette notifications channels save' };
  },
};

const channelsSave: Command = {
  name: 'notifications channels save',
  summary: 'Make a channel, or change one. What is secret is asked for, or read from VEDETTE_CHANNEL_SECRET.',
  args: '<name> <settings>',
  options: [
    ['--id <channel>', 'change this one'],
    ['--ask-secret', 'ask for the password, the signing secret or the address of the Slack webhook'],
    ['--disabled', 'keep it, but send nothing'],
  ],
  help: `Settings are JSON, such as
  {"kind":"email","host":"mail.example.org","user":"vedette","from":"vedette@example.org","to":["ops@example.org"]}
  {"kind":"webhook","url":"https://example.org/hook","format":"ocsf"}
  {"kind":"slack"}
  {"kind":"syslog","host":"log.example.org","port":6514,"transport":"tls"}`,
  example: `vedette notifications channels save ops '{"kind":"webhook","url":"https://example.org/hook"}'`,
  async run({ client, environment, askSecret }, [name = '', settings = ''], options) {
    const id = text(options['id']);
    const asked = options['askSecret'] === true ? await askSecret('Secret: ') : environment['VEDETTE_CHANNEL_SECRET'];
    const data = await client().call(saveNotificationChannel, {
      body: {
        ...(id === undefined ? {} : { channelId: identifier(ChannelId, 'channel', id) }),
        name,
        settings: parseSettings(settings),
        ...(asked ? { secret: asked } : {}),
        enabled: options['disabled'] !== true,
      },
    });
    const secret = data.secret === null ? '' : `\nIts signing secret, which is not shown again: ${data.secret}`;
    return { data, text: `The channel ${data.channel.channelId} is saved.${secret}` };
  },
};

function parseSettings(settings: string): ChannelSettings {
  try {
    return ChannelSettings.parse(JSON.parse(settings));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'this is no JSON';
    throw new CliError('USAGE', `The settings cannot be used: ${why}`, { cause: error });
  }
}

const channelsTest: Command = {
  name: 'notifications channels test',
  summary: 'Send a test message by a channel; ends with 1 where that fails.',
  args: '<channel>',
  example: 'vedette notifications channels test 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(testNotificationChannel, { params: { channelId: identifier(ChannelId, 'channel', id) } });
    return { data, text: data.delivered ? 'delivered' : `not delivered: ${data.problem}`, exitCode: data.delivered ? 0 : 1 };
  },
};

const channelsDelete: Command = {
  name: 'notifications channels delete',
  summary: 'Delete a channel with what waits for it; refused while something uses it.',
  args: '<channel>',
  example: 'vedette notifications channels delete 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(deleteNotificationChannel, { params: { channelId: identifier(ChannelId, 'channel', id) } });
    return { data, text: 'The channel is deleted.' };
  },
};

const rulesList: Command = {
  name: 'notifications rules list',
  summary: 'List rules: what is told to which channels.',
  example: 'vedette notifications rules list',
  async run({ client }) {
    const data = await client().call(listNotificationRules, {});
    const rows = data.items.map((one) => [
      one.ruleId,
      one.name,
      one.events.join(' '),
      one.query,
      one.assets,
      one.channelIds.length,
      one.enabled ? 'on' : 'off',
      one.createdBy,
      one.problem,
    ]);
    const heads = ['rule', 'name', 'events', 'detections', 'assets', 'channels', '', 'saved by', 'problem'];
    return { data, text: data.items.length > 0 ? table(heads, rows) : 'none yet: vedette notifications rules save' };
  },
};

const rulesSave: Command = {
  name: 'notifications rules save',
  summary: 'Make a rule, or change one; it holds for what happens from now on.',
  args: '<name> <events> <channels>',
  options: [
    ['--query <query>', 'which detections, in the query language'],
    ['--assets <query>', 'which assets, in the query language'],
    ['--digest-minutes <n>', 'mail and Slack: what happens within so many minutes is one message (default 5)'],
    ['--id <rule>', 'change this one'],
    ['--disabled', 'keep it, but tell nothing'],
  ],
  help: `Events, with commas between them: ${NotificationEvent.options.join(', ')}.`,
  example: `vedette notifications rules save urgent detection.new,detection.known-exploited CHANNEL --query 'severity:critical'`,
  async run({ client }, [name = '', events = '', channels = ''], options) {
    const id = text(options['id']);
    const wanted = z.array(NotificationEvent).safeParse(events.split(','));
    if (!wanted.success) throw new CliError('USAGE', `Events are ${NotificationEvent.options.join(', ')}, not "${events}"`);
    const data = await client().call(saveNotificationRule, {
      body: {
        ...(id === undefined ? {} : { ruleId: identifier(RuleId, 'rule', id) }),
        name,
        events: wanted.data,
        channelIds: channels.split(',').map((one) => identifier(ChannelId, 'channel', one)),
        query: queryText(options['query'], 'detection'),
        assets: queryText(options['assets'], 'asset'),
        digestMinutes: wholeNumber('--digest-minutes', options['digestMinutes']),
        enabled: options['disabled'] !== true,
      },
    });
    return { data, text: `The rule ${data.ruleId} is saved.` };
  },
};

const rulesDelete: Command = {
  name: 'notifications rules delete',
  summary: 'Delete a rule; what waits already is still sent.',
  args: '<rule>',
  example: 'vedette notifications rules delete 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    const data = await client().call(deleteNotificationRule, { params: { ruleId: identifier(RuleId, 'rule', id) } });
    return { data, text: 'The rule is deleted.' };
  },
};

const log: Command = {
  name: 'notifications log',
  summary: 'List deliveries, the newest first, with why they failed.',
  options: [['--state <word>', 'waiting, delivered or given-up'], ...sortOptions(DeliverySorting.options), ...cursorOptions],
  example: 'vedette notifications log --state waiting --sort dueAt',
  async run(surroundings, _args, options) {
    const state = z.enum(['waiting', 'delivered', 'given-up']).optional().safeParse(text(options['state']));
    if (!state.success) throw new CliError('USAGE', '--state takes waiting, delivered or given-up');
    const order = sorting(options, DeliverySorting.options);
    const data = await readList(surroundings, options, listDeliveries, { query: { ...order, state: state.data } });
    const rows = data.items.map((one) => [
      one.createdAt,
      one.channel,
      one.subject,
      one.events,
      one.state,
      one.attempts,
      one.problem,
    ]);
    const heads = ['at', 'channel', 'subject', 'events', 'state', 'attempts', 'problem'];
    return { data, text: `${table(heads, rows)}\n${listEnd(data)}` };
  },
};

export const notificationCommands: readonly Command[] = [
  channelsList,
  channelsSave,
  channelsTest,
  channelsDelete,
  rulesList,
  rulesSave,
  rulesDelete,
  log,
];
