import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { readStarter } from '@vedette/feeds';
import { describe, expect, it } from 'vitest';

/**
 * `vedette scan` of this machine's packages against a computation that shares nothing with it but the knowledge: packages and sources as
 * dpkg-query lists them, versions compared by dpkg itself, and Debian's rule written once more, in the plainest way.
 */
const root = resolve(import.meta.dirname, '..');
const release = existsSync('/etc/os-release')
  ? /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  : undefined;
const perl = spawnSync('perl', ['-MDpkg::Version', '-e', '1']).status === 0;
const canAsk =
  perl && spawnSync('dpkg-query', ['--version']).status === 0 && /^(buster|bullseye|bookworm|trixie)$/.test(release ?? '');

interface Installed {
  readonly name: string;
  readonly source: string;
  readonly version: string;
}

function installed(): Installed[] {
  const format = '${db:Status-Status}|${Package}|${source:Package}|${source:Version}\\n';
  return execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([status]) => status !== 'config-files' && status !== 'not-installed')
    .map(([, name = '', source = '', version = '']) =>
      // The signed kernel images are built from a second source package whose version is that of the first with a plus for the hyphen.
      source.startsWith('linux-signed-')
        ? { name, source: 'linux', version: version.replace('+', '-') }
        : { name, source, version },
    );
}

/** For each pair whether the first is earlier, as dpkg's own library says. */
function isEarlier(pairs: readonly (readonly [string, string])[]): boolean[] {
  const script = 'while(<STDIN>){chomp; my($a,$b)=split /\\t/; print version_compare($a,$b) < 0 ? "1\\n" : "0\\n";}';
  const input = pairs.map((pair) => pair.join('\t')).join('\n');
  return execFileSync('perl', ['-MDpkg::Version', '-e', script], { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .trim()
    .split('\n')
    .map((line) => line === '1');
}

/** Package and CVE of everything affected: by the highest fix of any advisory, and only where there is none by the lowest of changelogs. */
function expectedDetections(): string[] {
  const starter = readStarter(zstdDecompressSync(readFileSync(`${root}/content/knowledge/starter.json.zst`)).toString());
  const said = new Map<string, { vendor: string[]; changelog: string[] }>();
  for (const { id, feed, vulnerabilities, affected } of starter.advisories) {
    for (const { release: of, package: source, status, fixed } of affected) {
      if (of !== release || status !== 'fixed' || fixed === null) continue;
      for (const name of vulnerabilities.length > 0 ? vulnerabilities : [id]) {
        const entry = said.get(`${source} ${name}`) ?? { vendor: [], changelog: [] };
        said.set(`${source} ${name}`, entry);
        (feed === 'debian-changelog' ? entry.changelog : entry.vendor).push(fixed);
      }
    }
  }
  const bySource = Map.groupBy(installed(), (one) => one.source);
  const questions: { key: string; version: string; vendor: boolean; fixes: string[] }[] = [];
  for (const [subject, { vendor, changelog }] of said) {
    const [source = '', cve = ''] = subject.split(' ');
    for (const { name, version } of bySource.get(source) ?? []) {
      questions.push({
        key: `${name} ${cve}`,
        version,
        vendor: vendor.length > 0,
        fixes: vendor.length > 0 ? vendor : changelog,
      });
    }
  }
  const answers = isEarlier(questions.flatMap(({ version, fixes }) => fixes.map((fixed) => [version, fixed] as const)));
  let next = 0;
  const affected = questions.filter(({ vendor, fixes }) => {
    const earlier = fixes.map(() => answers[next++] === true);
    // Earlier than the highest: earlier than one of them. Earlier than the lowest: than every one.
    return vendor ? earlier.some(Boolean) : earlier.every(Boolean);
  });
  return [...new Set(affected.map(({ key }) => key))].toSorted();
}

describe.runIf(canAsk)(`vedette scan of this machine${canAsk ? '' : ' (skipped: no Debian with dpkg-dev)'}`, () => {
  it('finds exactly what dpkg and a plain rule find, in every package', () => {
    const arguments_ = ['scan', '/var/lib/dpkg/status', '--knowledge', `${root}/content/knowledge/starter.json.zst`, '--json'];
    const printed = execFileSync(`${root}/vedette`, arguments_, {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const report = JSON.parse(printed) as {
      packages: number;
      unassessed: number;
      detections: { package: string; aliases: string[]; status: string }[];
    };
    const found = new Set(report.detections.map((one) => `${one.package} ${one.aliases[0]}`));
    expect([...found].toSorted()).toEqual(expectedDetections());
    expect(report.unassessed).toBe(0);
  });
});
