import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { facts } from '@vedette/protocol';
import { collectors } from './registry.ts';
import { hostEvents } from './watch.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map(({ name }) => name);

describe('registry of collectors', () => {
  it('holds one collector for each folder', () => {
    expect(collectors.map(({ fact }) => fact.name).toSorted()).toEqual(folders.toSorted());
  });

  it('holds one collector for each fact of the protocol', () => {
    expect(collectors.map(({ fact }) => fact).toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
      Object.values(facts).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });

  it.each(folders)('%s has its parser apart, with a test', (folder) => {
    const files = ['index.ts', 'parse.ts', 'parse.test.ts'].filter(
      (file) => !existsSync(`${import.meta.dirname}/${folder}/${file}`),
    );
    expect(files).toEqual([]);
  });

  it.each(collectors)(
    '$fact.name names absolute paths or events and either watches or looks again',
    ({ cost, watches, refreshSeconds }) => {
      for (const path of cost.reads) expect(path).toMatch(/^\//);
      for (const watch of watches) expect(hostEvents.some((event) => event === watch) || watch.startsWith('/')).toBe(true);
      expect(watches.length > 0 || refreshSeconds !== null).toBe(true);
    },
  );
});
