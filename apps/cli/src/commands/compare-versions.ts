import { ecosystemNames, findEcosystem, VersionError, type Ecosystem } from '@vedette/ecosystems';
import { didYouMean } from '@vedette/query';
import { CliError } from '../errors.ts';
import type { Command, Surroundings } from './command.ts';

const signs = { '-1': '<', 0: '=', 1: '>' } as const;
/** So many reasons for "!" are worth reading; then only their number. */
const maxReasons = 10;

export const compareVersions: Command = {
  name: 'compare-versions',
  summary: 'Order two versions as their ecosystem does: prints <, = or >.',
  args: '<ecosystem> [a] [b]',
  options: [
    [
      '--batch',
      'read lines "A<TAB>B" from standard input and print a sign for each; "!" where one is no version, the reason on standard error',
    ],
  ],
  example: 'vedette compare-versions debian 1.0~rc1 1.0',
  async run(surroundings, [name = '', a, b], options) {
    const ecosystem = ecosystemNamed(name);
    if (options['batch']) {
      if (a !== undefined) throw new CliError('USAGE', 'give either two versions or --batch');
      await compareBatch(ecosystem, surroundings, options['json'] === true);
      return null;
    }
    if (a === undefined || b === undefined) throw new CliError('USAGE', 'two versions are needed, or --batch');
    const sign = comparePair(ecosystem, a, b);
    if ('reason' in sign) throw new CliError('FAILURE', sign.reason);
    const data = { ecosystem: ecosystem.name, order: ecosystem.versionOrder, a, b, sign: sign.sign };
    return { data, text: sign.sign };
  },
};

function ecosystemNamed(name: string): Ecosystem {
  const ecosystem = findEcosystem(name);
  if (ecosystem) return ecosystem;
  const near = didYouMean(name, ecosystemNames);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${ecosystemNames.join(', ')}`;
  throw new CliError('USAGE', `"${name}" is no ecosystem known here; ${hint}`);
}

function comparePair(ecosystem: Ecosystem, a: string, b: string): { sign: '<' | '=' | '>' } | { reason: string } {
  try {
    return { sign: signs[ecosystem.compareVersions(a, b)] };
  } catch (error) {
    if (error instanceof VersionError) return { reason: `"${a.slice(0, 100)}" or "${b.slice(0, 100)}": ${error.message}` };
    throw error;
  }
}

/** Answers each chunk of the input with one write, so that millions of lines take seconds and no memory. */
async function compareBatch(ecosystem: Ecosystem, { input, write, note }: Surroundings, json: boolean): Promise<void> {
  let rest = '';
  let line = 0;
  let refused = 0;
  const answer = (text: string): string => {
    line += 1;
    const pair = text.endsWith('\r') ? text.slice(0, -1) : text;
    const tab = pair.indexOf('\t');
    const [a, b] = tab < 0 ? [pair, ''] : [pair.slice(0, tab), pair.slice(tab + 1)];
    const result = tab < 0 ? { reason: 'the line has no tab' } : comparePair(ecosystem, a, b);
    if ('reason' in result) {
      refused += 1;
      if (refused <= maxReasons) note(`line ${line}: ${result.reason}`);
    }
    const sign = 'sign' in result ? result.sign : '!';
    return json ? `${JSON.stringify({ a, b, sign, ...('reason' in result && result) })}\n` : `${sign}\n`;
  };
  for await (const chunk of input()) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) await write(lines.map(answer).join(''));
  }
  if (rest !== '') await write(answer(rest));
  if (refused > maxReasons) note(`${refused} of ${line} lines are not two versions`);
}
