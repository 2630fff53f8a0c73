import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const name = 'scan';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shared = process.env['VEDETTE_SHARED'] ?? resolve(root, '../shared');
const boms = join(shared, 'data/sca/cyclonedx-bom-examples.tar.zst');
const largestBom = '*/SBOM/keycloak-10.0.2/bom.json';

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

/**
 * What one `vedette scan` costs as a process: this machine's dpkg database and the largest SBOM at hand (2.2 MB, 902 packages), cold
 * (the first, with an empty cache of compiled code) and warm (median of the others). GNU time measures.
 */
export async function run(options: { runs?: number }): Promise<object> {
  const runs = options.runs ?? 5;
  const folder = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    const bom = existsSync(boms) ? join(folder, 'bom.json') : null;
    if (bom)
      writeFileSync(
        bom,
        execFileSync('tar', ['--zstd', '-xOf', boms, '--wildcards', largestBom], { maxBuffer: 64 * 1024 * 1024 }),
      );
    const dpkg = existsSync('/var/lib/dpkg/status') ? measure('/var/lib/dpkg/status', join(folder, 'dpkg'), runs) : {};
    return { ...prefixed('dpkg', dpkg), ...(bom ? prefixed('sbom', measure(bom, join(folder, 'sbom'), runs)) : {}) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(target: string, cache: string, runs: number): Record<string, number> {
  const [cold, ...warm] = Array.from({ length: runs + 1 }, () => once(target, cache)) as [Cost, ...Cost[]]; // at least two
  const median = (figure: keyof Cost): number =>
    warm.map((cost) => cost[figure]).toSorted((a, b) => a - b)[warm.length >> 1] ?? 0;
  return {
    coldWallMs: cold.wallMs,
    coldCpuMs: cold.cpuMs,
    coldPeakRssMb: cold.peakRssMb,
    warmWallMs: median('wallMs'),
    warmCpuMs: median('cpuMs'),
    warmPeakRssMb: median('peakRssMb'),
  };
}

function once(target: string, cache: string): Cost {
  const starter = join(root, 'content/knowledge/starter.json.zst');
  const words = [
    '-f',
    '%e %U %S %M',
    join(root, 'vedette'),
    'scan',
    target,
    '--knowledge',
    starter,
    '--json',
    '--output',
    '/dev/null',
  ];
  const { stderr } = spawnSync('/usr/bin/time', words, { encoding: 'utf8', env: { ...process.env, NODE_COMPILE_CACHE: cache } });
  const figures = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  const [seconds = Number.NaN, user = Number.NaN, system = Number.NaN, kilobytes = Number.NaN] = figures;
  if (!Number.isFinite(kilobytes)) throw new Error('GNU time did not measure; is /usr/bin/time there?');
  return { wallMs: seconds * 1000, cpuMs: Math.round((user + system) * 1000), peakRssMb: Math.round(kilobytes / 1024) };
}

function prefixed(subject: string, figures: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [`${subject}${key[0]?.toUpperCase()}${key.slice(1)}`, value]),
  );
}
