import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { readZip } from '@vedette/feeds';
import { limits } from '@vedette/protocol';

/** Where the real data of a feed lie in the shared data; each archive may hold files of others too. */
export const feedSources: Readonly<Record<string, readonly string[]>> = {
  'debian-dsa': ['debian/security-tracker-lists-2025-02-13.tar.zst', 'debian/derived-dsa-dla-since-2025-02-13.tar.zst'],
  'debian-dla': ['debian/security-tracker-lists-2025-02-13.tar.zst', 'debian/derived-dsa-dla-since-2025-02-13.tar.zst'],
  'debian-changelog': ['debian/derived-dsa-dla-since-2025-02-13.tar.zst'],
  'ubuntu-cve-tracker': ['ubuntu/ubuntu-cve-tracker-2024-02-16.tar.zst'],
  'alpine-secdb': [
    'alpine/alpine-secdb-legacy.tar.zst',
    'alpine/aports-secfixes-edge-2026-08-22.tar.zst',
    'alpine/aports-secfixes-v3.14.tar.zst',
    'alpine/aports-secfixes-v3.15.tar.zst',
    'alpine/aports-secfixes-v3.16.tar.zst',
  ],
  'osv-almalinux': ['almalinux/osv-database-2026-08-21.tar.zst'],
  'osv-bitnami': ['lang/bitnami-vulndb-2026-08-05.tar.zst'],
  'osv-go': ['lang/golang-vulndb-2026-08-21.tar.zst'],
  'osv-pypi': ['lang/pypa-advisory-database-2024-10-10.tar.zst'],
  rubysec: ['lang/ruby-advisory-db-2026-08-22.tar.zst'],
  rustsec: ['lang/rustsec-advisory-db-2026-08-21.tar.zst'],
  retirejs: ['lang/retirejs-repository-2026-08-22.tar.zst'],
  'nodejs-wg': ['lang/nodejs-security-wg-vuln.tar.zst'],
  msrc: ['windows/wesng-definitions-2026-06-28.zip'],
  'cve-5': ['intel/cisa-vulnrichment-2024-10-24.tar.zst'],
  nvd: ['2016', '2017', '2018', '2021', '2025', 'recent'].map((year) => `intel/nvd/nvdcve-1.1-${year}.json.gz`),
  epss: ['intel/epss_scores-2026-01-30.csv.gz'],
  'cisa-kev': ['intel/known_exploited_vulnerabilities-2025-08-25.json'],
};

/** Unpacks archives of the shared data below `folder`, each into a folder of its name; false where one of them is not there. */
export function unpackShared(archives: readonly string[], folder: string): boolean {
  const shared = process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared');
  const paths = archives.map((archive) => join(shared, 'data', archive));
  if (!paths.every((path) => existsSync(path))) return false;
  for (const path of paths) {
    const target = join(folder, basename(path).replace(/\.(?:tar\.zst|zip)$/, ''));
    if (path.endsWith('.tar.zst')) {
      mkdirSync(target, { recursive: true });
      execFileSync('tar', ['--zstd', '-xf', path, '-C', target]);
    } else if (path.endsWith('.zip')) {
      mkdirSync(target, { recursive: true });
      unzip(path, target);
    } else copyFileSync(path, target);
  }
  return true;
}

function unzip(path: string, target: string): void {
  const inflateRaw = (packed: Uint8Array, maxBytes: number): Uint8Array => inflateRawSync(packed, { maxOutputLength: maxBytes });
  const sizes = { maxEntryBytes: limits.feedFileBytes, maxBytes: limits.feedDocumentBytes };
  for (const { name, bytes } of readZip({ name: basename(path), bytes: readFileSync(path) }, { inflateRaw, ...sizes }))
    writeFileSync(join(target, name), bytes);
}
