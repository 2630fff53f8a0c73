/** One package of apk's database. */
export interface ApkPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Origin: the source package, of which secdb speaks. Its version is the package's, since apk builds all of an origin under one. */
  readonly source: string;
  /** Line on which its paragraph begins. */
  readonly line: number;
}

const wanted = new Set(['P', 'V', 'A', 'o']);

/**
 * The database of Alpine's package manager, `lib/apk/db/installed` (apk-v2(5)): paragraphs of `X:value` lines with a blank line
 * between. P name, V version, A architecture, o origin; a package built for a source of the same name may leave `o` out. What is not there
 * is empty.
 */
export function* parseApkInstalled(content: string): Generator<ApkPackage> {
  let fields = new Map<string, string>();
  let start = 0;
  let number = 0;
  for (const line of linesOf(content)) {
    number += 1;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '') {
      if (fields.size > 0) yield packageOf(fields, start);
      fields = new Map();
      continue;
    }
    // The first of a kind holds: file lines (F, R, a, Z) follow, and none of them is read here.
    if (text[1] !== ':' || !wanted.has(text[0] ?? '') || fields.has(text[0] ?? '')) continue;
    if (fields.size === 0) start = number;
    fields.set(text[0] ?? '', text.slice(2).trim());
  }
  if (fields.size > 0) yield packageOf(fields, start);
}

function packageOf(fields: ReadonlyMap<string, string>, line: number): ApkPackage {
  const name = fields.get('P') ?? '';
  return { name, version: fields.get('V') ?? '', architecture: fields.get('A') ?? '', source: fields.get('o') || name, line };
}

/** Nine of ten lines are files; an array of all would be several times the file. */
function* linesOf(content: string): Generator<string> {
  for (let start = 0; start <= content.length;) {
    const end = content.indexOf('\n', start);
    yield content.slice(start, end === -1 ? content.length : end);
    start = end === -1 ? content.length + 1 : end + 1;
  }
}
