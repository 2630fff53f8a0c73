import { setTimeout as delay } from 'node:timers/promises';
import { EventSorting, type FleetEvent, listEvents } from '@vedette/protocol';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';
import { printable } from '../output/printable.ts';
import { table } from '../output/table.ts';
import type { Command, Surroundings } from './command.ts';
import { cursorOptions, listEnd, queryText, readList, readPages, sorting, sortOptions, text } from './list-options.ts';

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const pollMs = 2000;
/** What is told late, because its transaction took its time, is still told. */
const overlapMs = 5 * 60_000;

export const eventsList: Command = {
  name: 'events list',
  summary: 'List what happened, newest first: packages, facts, detections, agents, upgrades, knowledge.',
  options: [
    ['--query <query>', 'in the query language: docs/query-language.md'],
    ['--since <time>', 'so long ago, such as 15m, 24h (default) or 7d, or a moment such as 2026-11-01T00:00:00Z'],
    ['--until <time>', 'likewise; now where it is left out'],
    ...sortOptions(EventSorting.options),
    ['--follow', 'go on with what happens from now on (or since --since), oldest first, until stopped'],
    ...cursorOptions,
  ],
  help: 'With --follow there is one line for each event, as text or with -o jsonl as JSON.',
  example: `vedette events list --query 'kind:detection and status:opened and severity:>=high' --since 7d`,
  async run(surroundings, _, options) {
    const client = surroundings.client();
    const now = Date.now();
    const query = queryText(options['query'], 'event');
    if (options['follow'] === true) {
      if (options['sort'] !== undefined || options['descending'] === true)
        throw new CliError('USAGE', '--follow tells what happens as it does: --sort and --descending do not go with it');
      if (options['until'] !== undefined) throw new CliError('USAGE', '--follow does not end: --until does not go with it');
      const isJson = options['json'] === true || ['json', 'jsonl'].includes(text(options['output']) ?? '');
      const signal = surroundings.stopped?.();
      const from = momentOf('--since', options['since'], now);
      await follow({ client, write: surroundings.write, signal }, { query, from, isJson }).catch((error: unknown) => {
        // A wait for a busy platform is broken off, too.
        if (!signal?.aborted) throw error;
      });
      return null;
    }
    const [from, to] = [momentOf('--since', options['since'], now), momentOf('--until', options['until'], now)];
    const filter = { query, from: toInstant(from), to: toInstant(to), ...sorting(options, EventSorting.options) };
    const data = await readList(surroundings, options, listEvents, { query: filter });
    const rows = data.items.map(({ at, kind, status, hostname, text: what }) => [at, kind, status, hostname, what]);
    return {
      data,
      text: `${table(['time', 'kind', 'status', 'host name', 'what'], rows)}\n${listEnd(data)}${data.isExact ? '' : '; there are more than could be counted quickly'}`,
    };
  },
};

function toInstant(moment: number | undefined): string | undefined {
  return moment === undefined ? undefined : new Date(moment).toISOString();
}

/** A length of time before now, or a moment of RFC 3339 in UTC. Throws CliError USAGE. */
function momentOf(name: string, value: string | true | undefined, now: number): number | undefined {
  const written = text(value);
  if (written === undefined) return undefined;
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(written) ?? [];
  if (count !== undefined) return now - Number(count) * unitMs[unit as keyof typeof unitMs]; // the pattern knows no other
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(written) ? Date.parse(written) : Number.NaN;
  if (Number.isNaN(at))
    throw new CliError('USAGE', `${name} takes 15m, 24h, 7d or a moment such as 2026-11-01T00:00:00Z, not "${written}"`);
  return at;
}

/** Asks again and again, from a little before the last answer, and tells what is new. Ends when the program is stopped. */
async function follow(
  { client, write, signal }: Pick<Surroundings, 'write'> & { readonly client: Client; readonly signal: AbortSignal | undefined },
  { query, from, isJson }: { readonly query: string | undefined; readonly from: number | undefined; readonly isJson: boolean },
): Promise<void> {
  // The clock of the platform counts, which this one need not know.
  const begin = from ?? Date.parse((await client.call(listEvents, { query: { limit: 1 } })).to) - 1;
  const told = new Map<string, number>();
  for (let since = begin; !signal?.aborted;) {
    const { items, to } = await readPages({ all: true }, (page) =>
      client.call(listEvents, { query: { ...page, query, from: toInstant(since) } }),
    );
    for (const event of items.toReversed()) {
      if (told.has(event.eventId)) continue;
      told.set(event.eventId, Date.parse(event.at));
      await write(isJson ? `${JSON.stringify(event)}\n` : `${lineOf(event)}\n`);
    }
    since = Math.max(begin, Date.parse(to) - overlapMs);
    for (const [id, at] of told) if (at < since) told.delete(id);
    await delay(pollMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

function lineOf({ at, kind, status, hostname, text: what }: FleetEvent): string {
  return printable([at, hostname ?? '-', kind, status, what].join('  '));
}
