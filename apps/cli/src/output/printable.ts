/** Text from outside without control characters, which could rewrite the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

/** The same line by line, for what is ours and has several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
