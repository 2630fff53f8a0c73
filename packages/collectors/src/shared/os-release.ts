/**
 * Variables of os-release(5): the last assignment of a name wins, values may be bare, 'single' or "double" quoted, and in double quotes
 * a backslash protects `"`, `$`, `` ` `` and itself. Lines that are no assignment are skipped, as a shell's reader would not.
 */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(equals, 0)).trim();
    if (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) variables.set(name, unquote(line.slice(equals + 1).trim()));
  }
  return variables;
}

function unquote(value: string): string {
  const [quote] = value;
  if (quote === "'" && value.length > 1 && value.endsWith("'")) return value.slice(1, -1);
  const isQuoted = quote === '"' && value.length > 1 && value.endsWith('"');
  return (isQuoted ? value.slice(1, -1) : value).replaceAll(/\\(["$`\\'])/g, '$1');
}
