import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { IsEarlier } from './inventory.ts';

const rpmScript = join(import.meta.dirname, '../../tools/oracle/peers/rpm.lua');

/** dpkg's own library for Perl. */
export const byDpkg: IsEarlier = (pairs) =>
  ask(
    'perl',
    ['-MDpkg::Version', '-ne', 'chomp; my($a,$b)=split /\\t/; print version_compare($a,$b) < 0 ? "<\\n" : ">\\n"'],
    pairs,
  );

/** rpm itself. */
export const byRpm: IsEarlier = (pairs) => ask('rpm', ['--eval', `%{lua:dofile("${rpmScript}")}`], pairs);

/** Versions of plain numbers, as 1.2.3 or 1.2.3-r4: number by number, a shorter one first. */
export const byNumbers: IsEarlier = (pairs) =>
  pairs.map(([a, b]) => {
    const [left = [], right = []] = [a, b].map((version) => {
      const [numbers = '', build = '0'] = version.split('-r');
      return [...[...numbers.split('.').map(Number), -1, -1, -1, -1, -1].slice(0, 6), Number(build)];
    });
    const place = left.findIndex((number, index) => number !== right[index]);
    return place >= 0 && (left[place] ?? 0) < (right[place] ?? 0);
  });

/** The tools that must be here, and are not. */
export function missingJudges(): string[] {
  return [
    ['perl', ['-MDpkg::Version', '-e', '1']],
    ['rpm', ['--version']],
  ].flatMap(([command, args]) => (spawnSync(command as string, args as string[]).status === 0 ? [] : [command as string])); // as written above
}

function ask(command: string, args: readonly string[], pairs: Parameters<IsEarlier>[0]): boolean[] {
  if (pairs.length === 0) return [];
  const input = pairs.map((pair) => `${pair.join('\t')}\n`).join('');
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  const answers = stdout.split('\n').filter((line) => line !== '');
  if (status !== 0 || answers.length !== pairs.length) throw new Error(`${command} gave no answer: ${stderr.slice(0, 500)}`);
  return answers.map((answer) => answer === '<');
}
