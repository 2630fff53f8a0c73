import { severities, severityNames, whatIf } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { checkNumberOf } from './check-argument.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const detectionsWhatIf: Command = {
  name: 'detections what-if',
  summary: 'What would stay open if these upgrades were made everywhere and these checks dealt with.',
  options: [
    ['--upgrades <list>', 'source packages as ecosystem/release/source, with commas between them'],
    ['--checks <list>', 'numbers of checks or names of vulnerabilities, with commas between them'],
  ],
  example: 'vedette detections what-if --upgrades debian/bookworm/openssl,debian/bookworm/curl',
  async run({ client }, _, options) {
    const upgrades = listOf(options['upgrades']).map(upgrade);
    const checks = listOf(options['checks']).map(checkNumberOf);
    if (upgrades.length + checks.length === 0) throw new CliError('USAGE', 'say what is done: --upgrades, --checks or both');
    const data = await client().call(whatIf, { body: { upgrades, checks } });
    const rows = severities
      .map((severity) => severityNames[severity])
      .map((name) => [name, data.now.open[name], data.after.open[name]]);
    return { data, text: table(['', 'now', 'after'], [...rows, ['assets', data.now.assets, data.after.assets]]) };
  },
};

function listOf(value: string | true | undefined): string[] {
  return (text(value) ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function upgrade(name: string) {
  const [ecosystem, release, ...source] = name.split('/');
  if (!ecosystem || !release || source.length === 0)
    throw new CliError('USAGE', `an upgrade is ecosystem/release/source, such as debian/bookworm/openssl, not "${name}"`);
  return { ecosystem, release, source: source.join('/') };
}
