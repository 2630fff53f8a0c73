/** About 10 MB at most; the versions of one package and of the advisories about it are a few hundred. */
const maxTexts = 10_000;
const maxChars = 128;

/**
 * `read`, and what it made of the last texts without making it again: a version is compared with every advisory about its package, and
 * the bound of an advisory with every version. What it returns must never be changed; what it throws is not remembered.
 */
export function remembering<Result>(read: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const result = read(text);
    if (text.length > maxChars) return result;
    if (known.size >= maxTexts) known.clear();
    known.set(text, result);
    return result;
  };
}
