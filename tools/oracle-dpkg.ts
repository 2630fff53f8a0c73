import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contradictedByDpkg, isDpkgHere } from './dpkg-oracle/ask-dpkg.ts';
import { claim, seededRandom, versionPairs } from './dpkg-oracle/claims.ts';

const usage = `npm run oracle:dpkg -- [--pairs N] [--seed N] [--json]
Compares our order of Debian versions, and of their keys, with the real dpkg. Exit 0: no contradiction; 1: contradictions; 2: cannot run.`;

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
process.exitCode = await run();

async function run(): Promise<number> {
  const pairs = Number(values.pairs);
  const seed = Number(values.seed);
  if (values.help || !Number.isInteger(pairs) || pairs < 1 || !Number.isInteger(seed)) {
    process.stderr.write(`${usage}\n`);
    return values.help ? 0 : 2;
  }
  if (!isDpkgHere()) {
    process.stderr.write('dpkg is not on this machine; run this on Debian or Ubuntu.\n');
    return 2;
  }
  const real = realVersions();
  const claims = versionPairs(real, pairs, seededRandom(seed)).map(([a, b]) => claim(a, b));
  const startedAt = performance.now();
  const contradicted = await contradictedByDpkg(claims, (answered) => {
    if (answered % 5000 === 0) process.stderr.write(`${answered} of ${claims.length} pairs\n`);
  });
  report({ realVersions: real.length, claims, contradicted, seconds: Math.round((performance.now() - startedAt) / 1000), seed });
  return contradicted.length === 0 ? 0 : 1;
}

function report(result: {
  realVersions: number;
  claims: readonly { relation: string }[];
  contradicted: readonly { a: string; b: string; relation: string }[];
  seconds: number;
  seed: number;
}): void {
  const { claims, contradicted, ...rest } = result;
  const relations: Record<string, number> = { lt: 0, eq: 0, gt: 0, refused: 0 };
  for (const { relation } of claims) relations[relation] = (relations[relation] ?? 0) + 1;
  const summary = {
    pairs: claims.length,
    contradictions: contradicted.length,
    ...rest,
    relations,
    examples: contradicted.slice(0, 20),
  };
  if (values.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  for (const { a, b, relation } of summary.examples) process.stdout.write(`dpkg contradicts: ${a} ${relation} ${b}\n`);
  process.stdout.write(
    `${summary.pairs} pairs from ${rest.realVersions} real versions (seed ${rest.seed}), ${summary.contradictions} contradictions, ` +
      `${rest.seconds} s; ${JSON.stringify(relations)}\n`,
  );
}

/** Versions of the installed packages and, where the feed data lie beside the project, of Debian's security archive. */
function realVersions(): string[] {
  const installed = '/var/lib/dpkg/status';
  const shared = process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '../../shared');
  const indexes = join(shared, 'data/debian/security-archive-indexes-2026-11-20.tar.zst');
  const texts = [
    existsSync(installed) ? readFileSync(installed, 'utf8') : '',
    existsSync(indexes)
      ? execFileSync('tar', ['--zstd', '-xOf', indexes], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
      : '',
  ];
  const versions = texts.flatMap((text) => [...text.matchAll(/^Version: (\S+)$/gm)].map((match) => match[1] ?? ''));
  return versions.length === 0 ? ['1.0-1', '1:2.3~rc1-4+deb12u1'] : [...new Set(versions)];
}
