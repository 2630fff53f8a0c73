import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonMembers } from './json-members.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (part: Uint8Array) => JSON.parse(new TextDecoder().decode(part)) as unknown; // a part of a document of the test
const members = (document: string) => {
  const found: [unknown, unknown][] = [];
  for (const member of jsonMembers(bytes(document))) {
    if (!member) return 'cut';
    found.push([read(member.key), read(member.value)]);
  }
  return found;
};

describe('jsonMembers', () => {
  it('gives the members of any object, however it is laid out', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.constantFrom(0, 2), (object, indent) => {
        const document = JSON.stringify(object, null, indent);
        expect(members(document)).toEqual(Object.entries(JSON.parse(document) as object)); // what was just written
      }),
    );
  });

  it('tells of any cut', () => {
    const document = '{"a\\"": {"b": [1, "}"]}, "c": 2}';
    for (let end = 0; end < document.length; end += 1) expect(members(document.slice(0, end))).toBe('cut');
    expect(members(document)).toHaveLength(2);
  });

  it.each(['[]', '{"a":1}x', '{a:1}', '{"a" 1}', '{"a":1]', ''])('takes %j for no object', (document) =>
    expect(members(document)).toBe('cut'),
  );
});
