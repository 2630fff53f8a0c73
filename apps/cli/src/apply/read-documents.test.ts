import { describe, expect, it } from 'vitest';
import { readDocuments } from './read-documents.ts';

describe('readDocuments', () => {
  it.each([
    ['kind: Tga\nname: x', 'kind "Tga" is not one of Tag'],
    ['kind: Tag\nname: Über', 'name: lower-case'],
    ['kind: Tag\nname: x\nspec: { criticality: 9 }', 'Tag x: criticality'],
    ['kind: Tag\nname: x\nspec: { colour: red }', 'colour'],
    ['kind: Tag\nname: x\nspec: { query: "os:(" }', 'Tag x: query: cannot be understood'],
    ['kind: Tag\nname: x\nspec: { query: "critical:>0" }', 'speaks of what is found on an asset'],
    ['kind: Profile\nname: x\nspec: { query: " " }', 'Profile x: query: is empty'],
    ['kind: Role\nname: mAnager\nspec: { permissions: [asset:read] }', 'every organization has a role of this name'],
    [
      'kind: Role\nname: x\nspec: { permissions: [role:write], scope: web }',
      'not for a role that sees only some assets: role:write',
    ],
    ['kind: Tag\nname: x\n---\nkind: Tag\nname: x', 'file (document 2): Tag x stands in file already'],
    ['kind: Role\nname: x\nspec: { permissions: [everything] }', 'Role x: permissions'],
    ['kind: Profile\nname: x\nspec: { settings: { cpuPercent: 50 } }', 'cpuPercent takes from 1 to 10 % of one CPU'],
    ['kind: [', 'file: '],
    ['a text', 'file: '],
    ['kind: Tag\nname: x\nspecs: {}', 'specs'],
    ['a: &a [x]\nb: &b [*a,*a]\n'.repeat(1) + 'kind: Tag\nname: *a', 'file: '],
  ])('refuses %j', (text, message) => {
    expect(() => readDocuments([{ name: 'file', text }])).toThrow(message);
  });

  it('names all faults of all files at once', () => {
    const text = 'kind: Tag\nname: x\nspec: { criticality: 9 }';
    const files = ['a', 'b'].map((name) => ({ name, text: text.replace('x', name) }));
    expect(() => readDocuments(files)).toThrow(/a: Tag a: .*\nb: Tag b: /);
  });

  it('refuses a document that grows without end when its references are followed', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}*l${i}]`);
    const text = ['l0: &l0 [x]', ...levels].join('\n');
    expect(() => readDocuments([{ name: 'file', text }])).toThrow('file: ');
  });
});
