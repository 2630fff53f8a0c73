/** Whether a name in status.d is a package's stanza; the checksums of its files lie beside it. */
export function isStatusFragment(name: string): boolean {
  return !name.endsWith('.md5sums') && !name.startsWith('.');
}
