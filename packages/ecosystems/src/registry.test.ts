import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ecosystems } from './registry.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('registry', () => {
  it('names exactly the folders of this room', () => {
    expect(Object.keys(ecosystems).sort()).toEqual(folders.sort());
  });

  it.each(Object.entries(ecosystems))('%s is registered under its own name and has a table of versions', (name, ecosystem) => {
    expect(ecosystem.name).toBe(name);
    expect(existsSync(join(import.meta.dirname, name, 'versions.txt'))).toBe(true);
  });

  it.each(Object.values(ecosystems))('$name orders, makes keys and reads an empty database', (ecosystem) => {
    expect(ecosystem.compareVersions('1', '2')).toBe(-1);
    expect(ecosystem.versionKey('1')).toEqual(ecosystem.versionKey('1'));
    expect(ecosystem.parseDatabase('')).toEqual({ packages: [], problems: [] });
  });
});
