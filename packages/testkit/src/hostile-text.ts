import fc from 'fast-check';

/** Words that break parsers: of the formats of the host, of the language, and of numbers. */
const words = [
  '__proto__',
  'constructor',
  'toString',
  '\0',
  '\uFFFD',
  '\\040',
  '"',
  "'",
  '=',
  ':',
  ' - ',
  '(deleted)',
  '0A',
  'x',
  '-1',
  '1e999',
  'NaN',
  '99999999999999999999',
  '0x10',
  '+',
  '/',
  '\r',
  '\t',
  '[Install]',
  '[Service]',
  'name',
  '[]',
  '!',
  '*',
];

/** Text as a hostile or broken host may hold it: fragments of formats, odd words and arbitrary characters in lines. */
export function hostileText(...fragments: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...words, ...fragments),
    fc.string({ maxLength: 12, unit: 'binary' }),
    fc.constantFrom(' ', '\n'),
  );
  return fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
}

/** The few texts that cost a careless parser its time or memory: one huge line, many empty ones, many separators. */
export const oversizedTexts: readonly string[] = ['a', '\n', ' ', ':', '=', '\0', '-', '\\', '(deleted)\n'].map((text) =>
  text.repeat(Math.ceil(1_000_000 / text.length)),
);
