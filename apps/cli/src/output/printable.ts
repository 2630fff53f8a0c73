/**
 * Text from outside without control characters, which could rewrite the terminal, and without those that turn the direction of writing, behind
 * which a name reads as another one (Unicode Technical Report 36, section 2.4).
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ');
}

/** The same line by line, for what is ours and has several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
