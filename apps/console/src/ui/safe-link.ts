/** An address from outside when it may be offered as a link; null for javascript:, data: and everything else that is not the web. */
export function safeLink(address: string | null): string | null {
  if (address === null) return null;
  try {
    const { protocol, href } = new URL(address);
    return protocol === 'https:' || protocol === 'http:' ? href : null;
  } catch {
    return null;
  }
}
