const prefix = 'vedette:';

/** Something that this browser remembers of its person: never more than a convenience, so that whatever is wrong with it is ignored. */
export function readStored(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(prefix + name) ?? 'null'); // checked by the caller
  } catch {
    return null;
  }
}

export function writeStored(name: string, value: unknown): void {
  try {
    localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // Storage that is full or forbidden: forgotten with the page.
  }
}

export function readStoredTexts(name: string): readonly string[] | null {
  const value = readStored(name);
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;
}
