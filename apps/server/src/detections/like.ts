/** Pattern for `ilike` that finds the text anywhere, whatever it holds. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`;
}
