export interface KeyQuestion {
  readonly format: 'ini' | 'words' | 'apt';
  /** Of `ini`: the section that the key stands in; without it the part before any section, and any key of the file for want of one. */
  readonly section?: string | undefined;
  readonly key: string;
}

/** Values of a key in one file, in their order; empty where it is not set. Keys are compared without regard to case. */
export function settingsIn(text: string, question: KeyQuestion): string[] {
  if (question.format === 'apt') return aptSettings(text, question.key);
  const wanted = question.key.toLowerCase();
  const section = question.section?.toLowerCase() ?? null;
  const found: string[] = [];
  let current: string | null = null;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const heading = /^\[\s*([^\]]*?)\s*\]/.exec(line);
    if (heading && question.format === 'ini') current = (heading[1] ?? '').toLowerCase();
    if (heading || line === '' || /^[#;]/.test(line) || (section !== null && current !== section)) continue;
    const [key, value] = question.format === 'ini' ? splitAt(line, '=') : splitAtBlank(line);
    if (key.toLowerCase() === wanted) found.push(unquote(withoutComment(value)));
  }
  return found;
}

function splitAt(line: string, separator: string): [key: string, value: string] {
  const at = line.indexOf(separator);
  return at === -1 ? [line, ''] : [line.slice(0, at).trimEnd(), line.slice(at + 1).trimStart()];
}

function splitAtBlank(line: string): [key: string, value: string] {
  const at = line.search(/[\s=]/);
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at).replace(/^\s*=?\s*/, '')];
}

function withoutComment(value: string): string {
  const at = value.search(/\s#/);
  return (at === -1 ? value : value.slice(0, at)).trim();
}

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

const maxDepth = 16;

/** apt.conf(5): `A::B "value";` and `A { B "value"; }`, with comments of C++ and, at the beginning of a line, of the shell. */
function aptSettings(text: string, key: string): string[] {
  const wanted = key.toLowerCase();
  const tokens = text.matchAll(/\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))|\/\/[^\n]*|^[ \t]*#[^\n]*|"[^"\n]*"|[{};]|[^\s{};"]+/gm);
  const found: string[] = [];
  const outer: string[] = [];
  let words: string[] = [];
  for (const [token] of tokens) {
    if (/^(?:\/\*|\/\/|[ \t]*#)/.test(token)) continue;
    if (token === '{') {
      if (outer.length >= maxDepth) return found;
      outer.push(words.at(-1) ?? '');
      words = [];
    } else if (token === '}') {
      outer.pop();
      words = [];
    } else if (token === ';') {
      const [name = '', value] = words;
      const path = [...outer, name].filter((part) => part !== '').join('::');
      if (path.toLowerCase() === wanted && value !== undefined) found.push(value.replaceAll('"', ''));
      words = [];
    } else words.push(token);
  }
  return found;
}
