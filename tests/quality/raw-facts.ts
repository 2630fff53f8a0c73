import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Fix } from './inventory.ts';

/**
 * What the authorities publish, read in the plainest way and without any code of the product: line by line, or as bare JSON. Only what
 * names a CVE is taken.
 */

const isCve = (word: string): boolean => /^CVE-\d{4}-\d+$/.test(word);

/** Debian's DSA/list and DLA/list: a head line, the names in braces, a line for each release. */
export function debianFixes(files: readonly string[]): Fix[] {
  const fixes: Fix[] = [];
  for (const file of files) {
    let cves: string[] = [];
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line.startsWith('[')) cves = [];
      const names = /^\t\{(.*)\}/.exec(line);
      if (names) cves = (names[1] ?? '').split(' ').filter(isCve);
      const fix = /^\t\[(\w+)\] - (\S+) (\d\S*)/.exec(line);
      if (fix) fixes.push({ release: fix[1] ?? '', package: fix[2] ?? '', fixed: fix[3] ?? '', cves });
    }
  }
  return fixes.filter(({ cves }) => cves.length > 0);
}

/** Later than any version there is. */
export const unfixed = '99999:0';
const ubuntuUnfixed = new Set(['needed', 'pending', 'deferred', 'needs-triage', 'ignored']);

/**
 * Ubuntu's tracker: `jammy_openssl: released (3.0.2-0ubuntu1.1)`. A package that is affected without a fix gets one later than any
 * version. Pockets other than the release's own are left to the rules.
 */
export function ubuntuFixes(files: readonly string[]): Fix[] {
  return files.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line) => {
      const [, release = '', name = '', status = '', detail = ''] =
        /^([a-z]+)_([^:\s]+): ([a-z-]+)(?: \((\d[^\s,)]*)\))?/.exec(line) ?? [];
      const fixed = status === 'released' ? detail : ubuntuUnfixed.has(status) ? unfixed : '';
      return fixed === '' ? [] : [{ release, package: name, fixed, cves: [basename(file)] }];
    });
  });
}

/** AlmaLinux's OSV documents, of which each package is one stretch from the beginning to a fix. */
export function almalinuxFixes(files: readonly string[]): Fix[] {
  return files.flatMap((file) => {
    const document = JSON.parse(readFileSync(file, 'utf8')) as {
      related?: string[];
      withdrawn?: string;
      affected: { package: { ecosystem: string; name: string }; ranges: { events: { fixed?: string }[] }[] }[];
    };
    const cves = (document.related ?? []).filter(isCve);
    if (document.withdrawn || cves.length === 0) return [];
    return document.affected.flatMap(({ package: { ecosystem, name }, ranges }) =>
      ranges
        .flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? []))
        .map((fixed) => ({ release: ecosystem.replace('AlmaLinux:', ''), package: name, fixed, cves })),
    );
  });
}

/** Alpine's recipes: the comment behind `secfixes:`. */
export function alpineFixes(files: readonly string[]): { package: string; fixes: Omit<Fix, 'release' | 'package'>[] }[] {
  return files.map((file) => {
    const fixes: { fixed: string; cves: string[] }[] = [];
    let inside = false;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (/^# ?secfixes:/.test(line)) inside = true;
      else if (!line.startsWith('#')) inside = false;
      const version = inside ? /^#\s+(\S+):\s*$/.exec(line)?.[1] : undefined;
      if (version !== undefined && !line.includes('secfixes')) fixes.push({ fixed: version, cves: [] });
      const names = inside ? /^#\s+-\s+(.*)$/.exec(line)?.[1] : undefined;
      fixes.at(-1)?.cves.push(...(names ?? '').split(/\s+/).filter(isCve));
    }
    return { package: file.split('/').at(-2) ?? '', fixes };
  });
}

/** PyPA's documents list every affected version one by one. */
export function pypiVersions(files: readonly string[]): { package: string; versions: string[]; cves: string[] }[] {
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const aliases = /^aliases:\n((?:- .*\n)+)/m.exec(text)?.[1] ?? '';
    const cves = aliases.split('\n').flatMap((line) => /^- (CVE-\d{4}-\d+)$/.exec(line)?.[1] ?? []);
    const name = /^ {4}name: (\S+)$/m.exec(text)?.[1] ?? '';
    const versions = [...text.matchAll(/^ {2}- ['"]?([0-9][^'"\s:]*)['"]?$/gm)].map(([, version = '']) => version);
    return /^withdrawn:/m.test(text) || cves.length === 0 || name === '' ? [] : [{ package: name, versions, cves }];
  });
}

/** Go's OSV documents: stretches of plain versions of a module. */
export function goStretches(files: readonly string[]): { package: string; from: string; to: string | null; cves: string[] }[] {
  return files.flatMap((file) => {
    const document = JSON.parse(readFileSync(file, 'utf8')) as {
      aliases?: string[];
      withdrawn?: string;
      affected: {
        package: { name: string };
        ranges?: { events: { introduced?: string; fixed?: string }[] }[];
        ecosystem_specific?: { custom_ranges?: unknown };
      }[];
    };
    const cves = (document.aliases ?? []).filter(isCve);
    if (document.withdrawn) return [];
    return document.affected.flatMap(({ package: { name }, ranges, ecosystem_specific: more }) =>
      // What the Go tools cannot order has its true stretches elsewhere; such a module is left out as a whole.
      (more?.custom_ranges ? [{ events: [{ introduced: 'custom' }] }] : (ranges ?? [])).flatMap(({ events }) =>
        events.flatMap(({ introduced }: { introduced?: string }, index) =>
          introduced === undefined
            ? []
            : [
                {
                  package: name,
                  from: introduced,
                  to: (events[index + 1] as { fixed?: string } | undefined)?.fixed ?? null,
                  cves,
                },
              ],
        ),
      ),
    );
  });
}
