import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseSource } from '../../apps/cli/src/knowledge/database-source.ts';
import { importKnowledge } from '../../apps/cli/src/knowledge/import-knowledge.ts';
import { judgePackages } from '../../apps/cli/src/scan/judge-packages.ts';
import { readTarget } from '../../apps/cli/src/scan/read-target.ts';
import { inventories, unpackAll } from './inventories.ts';
import type { Inventory } from './inventory.ts';

export interface Difference {
  readonly inventory: string;
  /** `package CVE` */
  readonly detection: string;
  readonly kind: 'missing' | 'extra';
}

export interface Measured {
  readonly inventory: string;
  readonly ecosystem: string;
  readonly packages: number;
  readonly unassessed: number;
  readonly labels: number;
  readonly route: string;
  readonly differences: readonly Difference[];
}

/** Builds a knowledge base of the archives with the product's own importer, scans every inventory with it, and compares. */
export async function measureAll(): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vedette-quality-'));
  try {
    const raw = join(folder, 'raw');
    unpackAll(raw);
    const out = join(folder, 'knowledge.db');
    await importKnowledge({ inputs: [raw], out, now: new Date(), note: () => {} });
    const knowledge = databaseSource(out);
    try {
      const measured: Measured[] = [];
      for (const inventory of inventories(raw)) measured.push(await measure(inventory, join(folder, inventory.name), knowledge));
      return measured;
    } finally {
      knowledge.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(inventory: Inventory, folder: string, knowledge: ReturnType<typeof databaseSource>): Promise<Measured> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, inventory.file.name);
  writeFileSync(path, inventory.file.content);
  const target = await readTarget(path);
  const [id = '', versionId = ''] = inventory.distro?.split(':') ?? [];
  const distribution = id === '' ? target.distribution : { id, versionId, codename: '' };
  const result = judgePackages({ ...target, distribution }, knowledge);
  const found = new Set(
    result.findings
      .filter(({ check }) => check.name.startsWith('CVE-'))
      .map((one) => `${one.package.found.name} ${one.check.name}`),
  );
  const differing = (from: ReadonlySet<string>, other: ReadonlySet<string>, kind: Difference['kind']): Difference[] =>
    [...from].filter((one) => !other.has(one)).map((detection) => ({ inventory: inventory.name, detection, kind }));
  return {
    inventory: inventory.name,
    ecosystem: inventory.ecosystem,
    packages: result.packages.length,
    unassessed: [...result.unassessed.values()].flat().length,
    labels: inventory.labels.size,
    route: inventory.route,
    differences: [...differing(inventory.labels, found, 'missing'), ...differing(found, inventory.labels, 'extra')],
  };
}
