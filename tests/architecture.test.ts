import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingOptional, type LockedPackage } from '../tools/complete-lock.ts';

/** Who may import whom. A room missing from this table may not exist. Apps never import apps; arrows only point up. */
const mayImport = new Map<string, readonly string[]>([
  ['protocol', []],
  ['ecosystems', ['protocol']],
  ['matching', ['protocol', 'ecosystems']],
  ['query', ['protocol']],
  ['client', ['protocol']],
  ['rules', ['protocol']],
  ['packets', ['protocol']],
  ['collectors', ['protocol', 'ecosystems']],
  ['extractors', ['ecosystems']],
  ['native', []],
  ['host', ['collectors', 'native']],
  ['release', ['protocol']],
  ['feeds', ['protocol', 'ecosystems']],
  ['agent', ['protocol', 'collectors', 'ecosystems', 'host', 'rules', 'packets', 'release']],
  ['server', ['protocol', 'ecosystems', 'feeds', 'matching', 'rules', 'release', 'query']],
  ['cli', ['protocol', 'client', 'release', 'query', 'ecosystems', 'matching', 'feeds', 'collectors', 'extractors', 'host']],
  ['console', ['protocol', 'client', 'query']],
  // Only tests import it, so it may see everything.
  [
    'testkit',
    [
      'protocol',
      'client',
      'ecosystems',
      'matching',
      'feeds',
      'collectors',
      'native',
      'host',
      'release',
      'agent',
      'server',
      'cli',
    ],
  ],
]);
/** Rooms that see only the language: no Node, no DOM. */
const pure = ['protocol', 'ecosystems', 'matching', 'query', 'rules', 'packets', 'collectors', 'extractors', 'feeds'];

const root = join(import.meta.dirname, '..');
const rooms = globSync('{apps,packages}/*/package.json', { cwd: root }).map((file) => join(file, '..'));
const manifests = ['package.json', ...rooms.map((room) => join(room, 'package.json'))];

function readJson<Content>(file: string): Content {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as Content; // files of this repository, which their tools check
}

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}
interface Compiler {
  references?: { path: string }[];
  compilerOptions?: { types?: string[]; lib?: string[] };
}

function importsOf(pattern: string, cwd: string, tests: boolean): string[] {
  const files = globSync(pattern, { cwd }).filter((file) => /\.(test|e2e)\.tsx?$/.test(file) === tests);
  const texts = files.map((file) => readFileSync(join(cwd, file), 'utf8'));
  const found = texts.flatMap((text) =>
    [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? ''),
  );
  return [...new Set(found)].toSorted();
}

function ours(names: readonly string[]): string[] {
  return names.flatMap((name) => (name.startsWith('@vedette/') ? [name.slice('@vedette/'.length)] : [])).toSorted();
}

function readRoom(room: string) {
  const manifest = readJson<Manifest>(join(room, 'package.json'));
  const { references = [] } = readJson<Compiler>(join(room, 'tsconfig.json'));
  return {
    imported: ours(importsOf('src/**/*.{ts,tsx}', join(root, room), false)),
    importedByTests: ours(importsOf('src/**/*.{ts,tsx}', join(root, room), true)),
    declared: ours(Object.keys(manifest.dependencies ?? {})),
    referenced: references.map(({ path }) => basename(path)).toSorted(),
  };
}

describe.each(rooms)('%s', (room) => {
  const name = basename(room);
  const { imported, importedByTests, declared, referenced } = readRoom(room);

  it('is in the table', () => expect([...mayImport.keys()]).toContain(name));
  it('is named after its folder', () => expect(readJson<Manifest>(join(room, 'package.json')).name).toBe(`@vedette/${name}`));
  it('imports exactly the rooms it declares', () => expect(imported).toEqual(declared));
  it('declares only rooms its layer allows', () => expect(mayImport.get(name)).toEqual(expect.arrayContaining(declared)));
  it('references the rooms it declares', () => expect(referenced).toEqual(declared));
  it('imports in tests only what it declares, and the test kit', () => {
    expect(importedByTests.filter((one) => !declared.includes(one) && one !== 'testkit' && one !== name)).toEqual([]);
  });
  it('is part of the build', () => {
    const { references = [] } = readJson<Compiler>('tsconfig.json');
    expect(references.map(({ path }) => path)).toContain(room);
  });
  it('holds something', () => {
    const texts = globSync('src/**/*.{ts,tsx}', { cwd: join(root, room) }).map((file) =>
      readFileSync(join(root, room, file), 'utf8'),
    );
    expect(texts.filter((text) => text.trim() !== 'export {};')).not.toEqual([]);
  });
});

describe.each(rooms.filter((room) => pure.includes(basename(room))))('%s is pure', (room) => {
  it('sees neither Node nor DOM', () => {
    const { compilerOptions = {} } = readJson<Compiler>(join(room, 'tsconfig.json'));
    expect(compilerOptions).not.toHaveProperty('types');
    expect(compilerOptions).not.toHaveProperty('lib');
    expect(importsOf('src/**/*.ts', join(root, room), false).filter((name) => name.startsWith('node:'))).toEqual([]);
  });
});

it('only the host may import the native layer', () => {
  const users = rooms.filter((room) => readRoom(room).declared.includes('native')).map((room) => basename(room));
  expect(users.filter((user) => user !== 'host' && user !== 'testkit')).toEqual([]);
});

describe.each(manifests)('%s', (file) => {
  it('pins exact versions', () => {
    const { dependencies, devDependencies, optionalDependencies } = readJson<Manifest>(file);
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });
});

describe('package-lock.json', () => {
  const { packages } = readJson<{ packages: Record<string, LockedPackage> }>('package-lock.json');

  it('records no download address', () => {
    const addresses = Object.entries(packages).filter(([, { resolved, link }]) => resolved !== undefined && !link);
    expect(addresses).toEqual([]);
  });
  it('names the optional packages of every platform, without which npm ci refuses it', () => {
    expect(missingOptional(packages)).toEqual([]);
  });
});
