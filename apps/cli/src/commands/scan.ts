import { Severity, severityNames } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

export const scan: Command = {
  name: 'scan',
  summary: 'Judge the packages of a file, directory or root file system, without agent and platform.',
  args: '<target>',
  options: [
    ['--knowledge <file>', 'knowledge base to judge by (default: the one imported last, else the starter)'],
    ['--distro <id:release>', 'distribution, where the target does not say: debian:12, ubuntu:22.04, alpine:3.20, almalinux:9'],
    ['--format <format>', 'table (default), json, sarif or cyclonedx'],
    ['--fail-on <severity>', 'end with 10 when a detection is at least this: low, medium, high or critical'],
    ['--vex <file>', 'OpenVEX or CycloneDX document; what it states as not affected is left out'],
    ['--ignore <file>', 'list of what to leave out (default: .vedetteignore where the command runs)'],
    ['--evidence <file>', 'write what each detection rests on there, for "vedette replay"; - puts it into the JSON report'],
    ['--output <file>', 'write there instead of standard output'],
  ],
  example: 'vedette scan /var/lib/dpkg/status --fail-on high',
  help:
    'Targets: a dpkg status file, an rpm database (SQLite, ndb, Berkeley DB), an apk database, the root of a file system, a CycloneDX or SPDX\n' +
    'SBOM, a lock file (npm, yarn, pnpm, pip, Poetry, uv, Pipenv, Go, Cargo, Bundler, Composer, NuGet, Maven, Gradle), a directory with\n' +
    'such files, or - for one of them on standard input. Exit code 10: a detection at or above --fail-on.',
  async run(surroundings, [target = ''], options) {
    const failOn = severity(text(options['fail-on'] ?? options['failOn']));
    // Only this command needs the readers and the matching; loading them takes longer than the other commands run.
    const { runScan } = await import('../scan/run-scan.ts');
    return runScan(surroundings, {
      target,
      failOn,
      knowledge: text(options['knowledge']),
      distro: text(options['distro']),
      format: text(options['format']) ?? (options['json'] === true ? 'json' : 'table'),
      vex: text(options['vex']),
      ignore: text(options['ignore']),
      output: text(options['output']),
      evidence: text(options['evidence']),
    });
  },
};

function severity(name: string | undefined): Severity | null {
  if (name === undefined) return null;
  const found = Object.entries(severityNames).find(([, known]) => known === name);
  if (!found) throw new CliError('USAGE', `--fail-on takes ${Object.values(severityNames).join(', ')}, not "${name}"`);
  return Severity.parse(Number(found[0]));
}
