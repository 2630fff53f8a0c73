import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { outputFormat, render } from './render.ts';

const list = {
  total: 2,
  items: [
    { name: 'a', open: { high: 1 }, tags: ['x', 'y'], seen: null, parts: [{ id: 1 }] },
    { name: '=1+1,"b"', open: { high: 0 }, tags: [], extra: true },
  ],
};

describe('render', () => {
  it('gives a list as one JSON document a line', async () => {
    const lines = (await render({ data: list, text: 'x' }, 'jsonl')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(list.items);
  });

  it('gives what is no list as one line', async () => {
    expect(await render({ data: { a: 1 }, text: 'x' }, 'jsonl')).toBe('{"a":1}\n');
    expect(await render({ data: { a: { b: 1 } }, text: 'x' }, 'csv')).toBe('a.b\r\n1\r\n');
  });

  it('gives CSV with a column for every scalar of any row, and no formula', async () => {
    expect(await render({ data: list, text: 'x' }, 'csv')).toBe(
      'name,open.high,tags,seen,parts,extra\r\na,1,x; y,,"[{""id"":1}]",\r\n"\'=1+1,""b""",0,,,,true\r\n',
    );
  });

  it('gives YAML that reads back to the same', async () => {
    expect(parse(await render({ data: list, text: 'x' }, 'yaml'))).toEqual(list);
  });

  it('gives an empty list as nothing but a line end in CSV and as nothing in jsonl', async () => {
    expect(await render({ data: { items: [] }, text: 'x' }, 'jsonl')).toBe('');
    expect((await render({ data: { items: [] }, text: 'x' }, 'csv')).trim()).toBe('');
  });
});

describe('outputFormat', () => {
  it.each([
    [{ json: true, output: 'csv' }, 'yaml', 'json'],
    [{ output: 'csv' }, 'yaml', 'csv'],
    [{}, 'yaml', 'yaml'],
    [{}, '', 'table'],
    [{}, undefined, 'table'],
  ])('of %j and VEDETTE_OUTPUT=%s is %s', (options, environment, format) => {
    expect(outputFormat(options, environment)).toBe(format);
  });

  it('refuses another word by name', () => {
    expect(() => outputFormat({}, 'xml')).toThrow('not "xml"');
  });
});
