import { checkedVersion, syntaxError } from './checked-version.ts';
import { KeyWriter } from './key-writer.ts';

/** Numbers (digits) with one separator between each two. Throws VersionError for anything else. */
export function parseNumberList(text: string, separator: RegExp): readonly string[] {
  const trimmed = checkedVersion(text);
  const numbers = trimmed.split(separator);
  if (!numbers.every((number) => /^[0-9]+$/.test(number))) throw syntaxError(trimmed, 'a list of numbers');
  return numbers;
}

/** Key of numbers that compare one by one, fewer before more. */
export function numberListKey(numbers: readonly string[]): Uint8Array {
  const key = new KeyWriter();
  for (const number of numbers) key.byte(1).number(number);
  return key.byte(0).bytes();
}
