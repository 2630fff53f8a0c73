import { limits } from '@vedette/protocol';

/** As many texts as the protocol takes in one value. */
const maxListLength = 1024;

// C0, DEL and C1: all that could rewrite a terminal or break a line of a log.
// oxlint-disable-next-line no-control-regex -- control characters are what this finds
const controls = /[\u0000-\u001f\u007f-\u009f]/g;

/** Makes text of the host presentable: control characters become U+FFFD (seen, not hidden), what is too long is cut. */
export function clean(value: string): string {
  const cut = value.length > limits.rowTextChars ? value.slice(0, limits.rowTextChars) : value;
  // A cut through a surrogate pair leaves half a character, which UTF-8 cannot carry.
  return cut.toWellFormed().replace(controls, '\uFFFD');
}

export function cleanList(values: readonly string[]): string[] {
  return values.slice(0, maxListLength).map(clean);
}
