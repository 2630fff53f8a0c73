/** `core20_2318.snap` in snapd's store: name and revision; null for other names. A revision of `x1` was installed from a file. */
export function parseSnapFile(fileName: string): { name: string; revision: string } | null {
  const match = /^([a-z0-9][a-z0-9_-]{0,79})_(x?[0-9]{1,9})\.snap$/.exec(fileName);
  return match ? { name: match[1] ?? '', revision: match[2] ?? '' } : null;
}

/** `version:` of a snap.yaml, bare or quoted; empty where there is none. */
export function parseSnapVersion(yaml: string): string {
  const value = /^version:[ \t]{0,8}(\S[^\r\n]{0,200})$/m.exec(yaml)?.[1]?.trim() ?? '';
  return /^(['"]).*\1$/.test(value) ? value.slice(1, -1) : value;
}
