import { readFile } from 'node:fs/promises';
import {
  AgentUpgradeSorting,
  AssetId,
  changeRollout,
  getPlatformIdentification,
  getReleaseRepository,
  getReleaseRules,
  getRollout,
  HealthGate,
  listAgentUpgrades,
  listReleaseEvents,
  listRollouts,
  ReleaseVersion,
  Ring,
  type Rollout,
  RolloutSorting,
  RolloutSubject,
  setAssetRelease,
  setReleaseRules,
  startRollout,
} from '@vedette/protocol';
import { z } from 'zod';
import { identifier } from '../commands/argument.ts';
import type { Command, Outcome, Surroundings } from '../commands/command.ts';
import {
  cursorOptions,
  listEnd,
  offsetOption,
  page,
  pageOptions,
  readList,
  readPages,
  sorting,
  sortOptions,
  text,
  wholeNumber,
} from '../commands/list-options.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { dryRunOption, listed, needed, type Options, releaseCommand } from './release-command.ts';

const subjectOption = ['--subject <name>', 'agent (default), or a kind of content'] as const;

const list: Command = {
  name: 'release rollouts',
  summary: 'Roll-outs and how far they are.',
  args: '[rollout]',
  options: [
    ['--search <text>', 'part of a subject, version or reason'],
    ...sortOptions(RolloutSorting.options),
    ...cursorOptions,
    offsetOption,
  ],
  example: 'vedette release rollouts --sort version --descending',
  async run(surroundings, [rollout], options) {
    if (rollout !== undefined) {
      const one = await surroundings.client().call(getRollout, {
        params: { rolloutId: identifier(getRollout.params.shape.rolloutId, 'roll-out', rollout) },
      });
      return { data: one, text: rolloutTable([one]) };
    }
    const offset = wholeNumber('--offset', options['offset']);
    const query = { offset, search: text(options['search']), ...sorting(options, RolloutSorting.options) };
    const data = await readList(surroundings, options, listRollouts, { query });
    return { data, text: `${rolloutTable(data.items)}\n${listEnd(data)}` };
  },
};

const agents: Command = {
  name: 'release agents',
  summary: 'What agents report of their upgrades, failures first, each with its reason.',
  options: [
    ['--state <state>', 'only these'],
    ['--to <version>', 'only upgrades to this version'],
    ...sortOptions(AgentUpgradeSorting.options),
    ...cursorOptions,
  ],
  example: 'vedette release agents --state rolled-back --sort since',
  async run(surroundings, _args, options) {
    const state = text(options['state']);
    const version = text(options['to']);
    const query = {
      ...sorting(options, AgentUpgradeSorting.options),
      ...(state === undefined ? {} : { state: state as never }),
      ...(version === undefined ? {} : { version }),
    };
    const data = await readList(surroundings, options, listAgentUpgrades, { query });
    const rows = data.items.map((one) => [
      one.hostname,
      one.version,
      one.target ?? one.desired,
      one.state,
      [one.reason, one.detail, one.held && `held: ${one.held}`, one.pinned && `pinned to ${one.pinned}`]
        .filter(Boolean)
        .join(', '),
    ]);
    return { data, text: `${table(['host', 'runs', 'wants', 'state', 'reason'], rows)}\n${listEnd(data)}` };
  },
};

const start: Command = {
  name: 'release rollout',
  summary: 'Begin to roll out a published version, with its first ring.',
  args: '<version>',
  options: [
    subjectOption,
    ['--rings <file>', 'JSON: [{"name": "canary", "tags": ["canary"], "percent": 1}, …]; default canary 1 %, share 25 %, all'],
    ['--gate <file>', 'JSON: when it stops by itself'],
    dryRunOption,
  ],
  example: 'vedette release rollout 1.4.0',
  async run({ client }, [given], options) {
    const version = identifier(ReleaseVersion, 'version', given);
    const rings = await fileOption(options, 'rings', z.array(Ring));
    const gate = await fileOption(options, 'gate', HealthGate);
    const body = { version, subject: subjectOf(options), ...(rings ? { rings } : {}), ...(gate ? { gate } : {}) };
    if (options['dryRun'] === true) {
      const { programs, content } = await client().call(getReleaseRepository, {});
      const isThere = [...programs, ...content].some((one) => one.version === version);
      if (!isThere) throw new CliError('NOT_FOUND', `${version} has not been published`);
      return { data: body, text: `would roll out ${body.subject} ${version}` };
    }
    const data = await client().call(startRollout, { body });
    return { data, text: rolloutTable([data]) };
  },
};

function action(name: 'promote' | 'pause' | 'resume' | 'roll-back', summary: string): Command {
  return {
    name: `release ${name}`,
    summary,
    args: '<version>',
    options: [subjectOption, ['--reason <text>', 'why; it is kept'], dryRunOption],
    example: `vedette release ${name} 1.4.0`,
    async run({ client }, [version], options) {
      const rollout = await findRollout(client, {
        version: identifier(ReleaseVersion, 'version', version),
        subject: subjectOf(options),
      });
      if (options['dryRun'] === true) return { data: rollout, text: `would ${name}:\n${rolloutTable([rollout])}` };
      const body = { action: name, reason: text(options['reason']) ?? '' };
      const data = await client().call(changeRollout, { params: { rolloutId: rollout.rolloutId }, body });
      return { data, text: rolloutTable([data]) };
    },
  };
}

async function findRollout(
  client: Surroundings['client'],
  { version, subject }: { version: string; subject: RolloutSubject },
): Promise<Rollout> {
  const { items } = await readPages({ all: true }, (page) =>
    client().call(listRollouts, { query: { ...page, search: version } }),
  );
  const found = items.find((one) => one.version === version && one.subject === subject && one.state !== 'superseded');
  if (!found) throw new CliError('NOT_FOUND', `there is no roll-out of ${subject} ${version}`);
  return found;
}

const events: Command = {
  name: 'release events',
  summary: 'How upgrades ended, each with its reason, and who changed roll-outs how; newest first.',
  options: [
    ['--asset <asset>', 'only of this one'],
    ['--to <version>', 'only about this version'],
    ['--kind <kind>', 'only these, such as upgrade-rolled-back'],
    ...pageOptions,
  ],
  example: 'vedette release events --kind upgrade-rolled-back',
  async run({ client }, _args, options) {
    const [asset, version, kind] = [options['asset'], options['to'], options['kind']].map(text);
    const query = {
      ...page(options),
      ...(asset === undefined ? {} : { asset: identifier(AssetId, 'asset', asset) }),
      ...(version === undefined ? {} : { version: identifier(ReleaseVersion, 'version', version) }),
      ...(kind === undefined ? {} : { kind }),
    };
    const data = await client().call(listReleaseEvents, { query });
    const rows = data.items.map((one) => [
      one.at,
      one.kind,
      one.version ?? '',
      one.hostname ?? '',
      [one.reason, one.detail].filter(Boolean).join(', '),
    ]);
    return { data, text: `${table(['at', 'what', 'version', 'host', 'reason'], rows)}\n\n${data.total} events` };
  },
};

const pin: Command = {
  name: 'release pin',
  summary: 'Keep an asset on one version, whatever is rolled out; without a version: no longer.',
  args: '<asset> [version]',
  options: [['--tags <tags>', 'also set its tags, separated by commas: rings and rules go by them'], dryRunOption],
  example: 'vedette release pin 018f2c7e-0000-7000-8000-000000000001 1.3.2',
  async run({ client }, [asset, version], options) {
    const assetId = identifier(AssetId, 'asset', asset);
    const tags = options['tags'] === undefined ? {} : { tags: listed(options['tags']) };
    const body = { pin: version === undefined ? null : identifier(ReleaseVersion, 'version', version), ...tags };
    if (options['dryRun'] === true) return { data: body, text: `would set ${JSON.stringify(body)}` };
    const data = await client().call(setAssetRelease, { params: { assetId }, body });
    return { data, text: `${data.pin === null ? 'not pinned' : `pinned to ${data.pin}`}; tags: ${data.tags.join(', ') || '-'}` };
  },
};

const rules: Command = {
  name: 'release rules',
  summary: 'Show or replace maintenance windows, prevented upgrades and regions by tags.',
  args: '[file]',
  options: [dryRunOption],
  example: 'vedette release rules rules.json',
  help: 'A JSON list: [{"tags": ["db"], "windows": [{"days": [0, 6], "from": "02:00", "minutes": 180}]}, {"tags": ["lab"], "preventUpgrade": true}].',
  async run({ client }, [file], options) {
    if (file === undefined) return rulesOutcome(await client().call(getReleaseRules, {}));
    const body = { rules: await readJson(file, setReleaseRules.body.shape.rules) };
    return rulesOutcome(options['dryRun'] === true ? body : await client().call(setReleaseRules, { body }));
  },
};

function rulesOutcome(data: { readonly rules: readonly unknown[] }): Outcome {
  return { data, text: JSON.stringify(data.rules, null, 2) };
}

const hosts: Command = {
  name: 'release hosts',
  summary: 'Which addresses to allow per region, with commands that check them.',
  options: [['--windows', 'commands for PowerShell']],
  example: 'vedette release hosts',
  async run({ client }, _args, options) {
    const data = await client().call(getPlatformIdentification, {});
    const rows = data.checks.map(({ region, url, linux, windows }) => [
      region,
      url,
      options['windows'] === true ? windows : linux,
    ]);
    return { data, text: table(['region', 'address', 'check'], rows) };
  },
};

function rolloutTable(rollouts: readonly Rollout[]): string {
  const rows = rollouts.map((one) => {
    const { targeted, done, failed, rolledBack, lost } = one.progress;
    const bad = failed + rolledBack + lost;
    return [one.subject, one.version, one.state, one.rings[one.ring]?.name ?? '', `${done} of ${targeted}`, bad, one.reason];
  });
  return table(['subject', 'version', 'state', 'ring', 'done', 'failed', 'reason'], rows);
}

function subjectOf(options: Options): RolloutSubject {
  return identifier(RolloutSubject, 'subject', text(options['subject']) ?? 'agent');
}

async function fileOption<Type extends z.ZodType>(
  options: Options,
  name: string,
  type: Type,
): Promise<z.output<Type> | undefined> {
  return options[name] === undefined ? undefined : readJson(needed(options, name, `--${name}`), type);
}

async function readJson<Type extends z.ZodType>(file: string, type: Type): Promise<z.output<Type>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CliError('USAGE', `${file} cannot be read as JSON`, { cause: error });
  }
  const read = type.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new CliError('USAGE', `${file}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'unreadable'}`);
}

export const releaseRolloutCommands: readonly Command[] = [
  start,
  list,
  agents,
  events,
  action('promote', 'Open the next ring of a roll-out; after the last it is complete.'),
  action('pause', 'Stop a roll-out; nobody is sent back.'),
  action('resume', 'Go on with a roll-out that was paused.'),
  action('roll-back', 'Send everybody back to what they had before a version.'),
  pin,
  rules,
  hosts,
].map(releaseCommand);
