import { AssetId, type ReplayDifference, replayVerdicts } from '@vedette/protocol';
import type { z } from 'zod';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import { checkNumberOf } from './check-argument.ts';
import type { Command, Outcome } from './command.ts';
import { text } from './list-options.ts';

/** More differences than a person goes through one by one. */
const shownLines = 100;

export const replay: Command = {
  name: 'replay',
  summary: 'Judge stored verdicts again from their own evidence; list those that do not come out byte for byte the same.',
  args: '[file]',
  options: [
    ['--asset <id>', 'only verdicts on packages that this asset has or had'],
    ['--check <check>', 'only verdicts of this check'],
    ['--since <date>', 'only verdicts made since then: 2026-11-01, or an RFC 3339 time in UTC'],
  ],
  example: 'vedette replay --since 2026-11-01',
  help:
    'FILE is what "vedette scan --evidence" wrote; without it the verdicts of the platform are judged\n' +
    'again. Exit code 1: at least one differs.',
  async run({ client }, [file], options) {
    if (file !== undefined) return replayFile(file);
    const [asset, check, since] = [text(options['asset']), text(options['check']), text(options['since'])];
    return replayPlatform(client(), {
      ...(asset === undefined ? {} : { assetId: identifier(AssetId, 'asset', asset) }),
      ...(check === undefined ? {} : { check: checkNumberOf(check) }),
      ...(since === undefined ? {} : { since: instant(since) }),
    });
  },
};

function instant(word: string): string {
  const time = Date.parse(word);
  if (Number.isNaN(time) || !/^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(word))
    throw new CliError('USAGE', `--since takes a day (2026-11-01) or a time in UTC (2026-11-01T08:00:00Z), not "${word}"`);
  return new Date(time).toISOString();
}

async function replayPlatform(client: Client, scope: z.input<typeof replayVerdicts.query>): Promise<Outcome> {
  const differing: ReplayDifference[] = [];
  let [verdicts, same] = [0, 0];
  let after: string | undefined;
  do {
    const part = await client.call(replayVerdicts, { query: { ...scope, after } });
    verdicts += part.verdicts;
    same += part.same;
    differing.push(...part.differing);
    after = part.next ?? undefined;
  } while (after !== undefined);
  return outcome({ verdicts, same, differing });
}

async function replayFile(file: string): Promise<Outcome> {
  const { readEvidenceFile } = await import('../scan/evidence-file.ts');
  const { records } = readEvidenceFile(file);
  const differing = records.flatMap(({ record, sha256: stored, replayed, problem }, index) =>
    problem === null
      ? []
      : [
          {
            index,
            check: record.check,
            package: record.element.name,
            version: record.element.version,
            problem: problem.kind,
            stored,
            replayed,
            detail: problem.detail,
          },
        ],
  );
  return outcome({ verdicts: records.length, same: records.length - differing.length, differing });
}

interface Replayed {
  readonly verdicts: number;
  readonly same: number;
  readonly differing: readonly Omit<ReplayDifference, 'knowledgeVersion'>[];
}

function outcome(data: Replayed): Outcome {
  const { verdicts, same, differing } = data;
  const head = `${verdicts} verdicts judged again: ${same} came out byte for byte the same, ${differing.length} did not`;
  const rows = differing.slice(0, shownLines).map((one) => [one.check, one.package, one.version, one.problem, one.detail]);
  const lines = rows.length === 0 ? [] : ['', table(['check', 'package', 'version', 'problem', 'what'], rows)];
  const more = differing.length > rows.length ? [`and ${differing.length - rows.length} more; --json lists all`] : [];
  return { data, text: [head, ...lines, ...more].join('\n'), exitCode: differing.length === 0 ? 0 : 1 };
}
