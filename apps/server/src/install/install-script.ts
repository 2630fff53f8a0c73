import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PublishedRoot } from '../releases/published-root.ts';
import type { AgentPackage } from './package-files.ts';

const template = readFileSync(join(import.meta.dirname, 'install.sh'), 'utf8');
const platformPattern = /^https?:\/\/[A-Za-z0-9.:[\]-]{1,260}$/;

/**
 * The script that installs the agent of this platform on a Linux machine. None of its variable parts can end a quoted string of sh: an
 * origin of the pattern above, names and hashes of the patterns of PackageFiles, and a number and a hash. Returns null for an origin that is
 * none.
 */
export function installScript(origin: string, packages: readonly AgentPackage[], root: PublishedRoot | null): string | null {
  if (!platformPattern.test(origin)) return null;
  const newest = Map.groupBy(packages, ({ format, machine }) => `${format} ${machine}`);
  const lines = [...newest.values()].flatMap(([first]) =>
    first ? [`${first.format} ${first.machine} ${first.name} ${first.sha256}`] : [],
  );
  return template
    .replaceAll('@PLATFORM@', () => origin)
    .replace('@PACKAGES@', () => lines.join('\n'))
    .replace('@ROOT@', () => (root ? `${root.version} ${root.sha256}` : ''));
}
