import { createHash } from 'node:crypto';
import { AuditChain, AuditHead, AuditSorting, type ChainedAuditEvent, listAuditEvents } from '@vedette/protocol';
import { CliError, exitCodes } from '../errors.ts';
import { table } from '../output/table.ts';
import type { Command, Surroundings } from './command.ts';
import { sorting, sortOptions, text, wholeNumber } from './list-options.ts';

const auditList: Command = {
  name: 'audit list',
  summary: 'List who changed what, newest first.',
  options: [
    ['--search <text>', 'part of a login, an action or an id'],
    ...sortOptions(AuditSorting.options),
    ['--limit <n>', 'at most this many (default 100, at most 500)'],
    ['--after <cursor>', 'what comes behind the page that ended with this `next`'],
  ],
  example: 'vedette audit list --search createUser',
  async run({ client }, _, options) {
    const query = {
      search: text(options['search']),
      ...sorting(options, AuditSorting.options),
      limit: wholeNumber('--limit', options['limit']),
      after: text(options['after']),
    };
    const data = await client().call(listAuditEvents, { query });
    const rows = data.items.map(({ number, at, actor, action, target, outcome }) => [
      number,
      at,
      actor.login,
      action,
      Object.values(target).join(' '),
      `${actor.address} ${actor.via}`,
      outcome,
    ]);
    const more = data.next === null ? '' : `\n${data.items.length} of ${data.total}; go on with --after ${data.next}`;
    return { data, text: table(['event', 'when', 'who', 'what', 'to what', 'from', 'outcome'], rows) + more };
  },
};

const auditVerify: Command = {
  name: 'audit verify',
  summary: 'Follow the chain of the audit log from its first event, here: the platform is not believed.',
  options: [
    [
      '--head <number:hash>',
      'a head that an earlier run printed: without one, a log that was cut off or written anew is not noticed',
    ],
  ],
  help: 'Ends with 1 where the log is not as it was written. Keep the head that it prints away from the platform, and give it to the next run.',
  example: 'vedette audit verify --head 14:8e3cbe2ba8528704c2e2603e663a37ad3cfae073448fd82582374d1813b1da83',
  async run(surroundings, _, options) {
    const chain = new AuditChain((body) => createHash('sha256').update(body).digest(), keptHead(text(options['head'])));
    let fault = null;
    for await (const event of allEvents(surroundings)) {
      fault = chain.take(event);
      if (fault) break;
    }
    fault ??= chain.end();
    const { head } = chain;
    const said = fault
      ? `CHANGED at event ${fault.number}, ${fault.fault}: ${fault.detail}`
      : `all ${head.number} events are as they were written\nhead ${head.number}:${head.hash}`;
    return { data: { head, fault }, text: said, exitCode: fault ? exitCodes.FAILURE : 0 };
  },
};

export const auditCommands: readonly Command[] = [auditList, auditVerify];

async function* allEvents({ client }: Surroundings): AsyncGenerator<ChainedAuditEvent> {
  for (let after: string | undefined; ;) {
    // `order` decides; a platform that does not know it goes by the others.
    const query = { order: 'oldest', sort: 'number', direction: 'descending', limit: 500, after } as const;
    const page = await client().call(listAuditEvents, { query });
    yield* page.items;
    if (page.next === null) return;
    after = String(page.next);
  }
}

function keptHead(written: string | undefined): AuditHead | null {
  if (written === undefined) return null;
  const [number, hash] = written.split(':');
  const head = AuditHead.safeParse({ number: Number(number), hash });
  if (!head.success) throw new CliError('USAGE', `--head takes NUMBER:HASH, as an earlier run printed it, not "${written}"`);
  return head.data;
}
