import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedError } from '../errors.ts';
import { xmlElements } from './feed-xml.ts';

const read = (text: string) => [
  ...xmlElements(
    { name: 'x.xml', bytes: new TextEncoder().encode(text) },
    { maxBytes: 16 * 1024 * 1024, root: 'r', names: new Set(['a']) },
  ),
];
const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function errorOf(call: () => unknown): unknown {
  try {
    call();
    return null;
  } catch (error) {
    return error;
  }
}

describe('xmlElements', () => {
  it('gives each element of the name with what is in it, and no other', () => {
    const text = '<p:r xmlns:p="x"><b>no</b><p:a p:id="1">x<c>y</c><![CDATA[<z>]]></p:a><d><a id="2"/></d></p:r>';
    expect(read(text)).toMatchObject([
      { name: 'a', text: 'x<z>', children: [{ name: 'c', text: 'y' }] },
      { name: 'a', text: '', children: [] },
    ]);
    expect(read(text).map((one) => one.attributes.get('id'))).toEqual(['1', '2']);
  });

  it('reads the same however far characters and elements lie from the borders of its pieces', () => {
    // Printable characters of one to four bytes; a piece has a mebibyte.
    const words = fc.array(fc.stringMatching(/^[a-zé€😀]{1,8}$/u), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(words, fc.integer({ min: 1024 * 1024 - 40, max: 1024 * 1024 }), (texts, padding) => {
        const elements = texts.map((text) => `<a>${escape(text)}</a>`).join('');
        expect(read(`<r><b>${'é'.repeat(padding / 2)}</b>${elements}</r>`).map(({ text }) => text)).toEqual(texts);
      }),
      { numRuns: 20 },
    );
  });

  it('throws nothing but FeedError', () => {
    const part = fc.constantFrom(
      '<a>',
      '</a>',
      '<r>',
      '</r>',
      '<',
      '>',
      '&amp;',
      '&x;',
      '<!DOCTYPE r>',
      '<?x?>',
      '<!--',
      '-->',
      '"',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        expect(errorOf(() => read(parts.join('')))).toSatisfy((error) => error === null || error instanceof FeedError);
      }),
    );
  });
});
