/**
 * The platform's address: https, or http to this very machine. Enrollment sends a secret and learns the key to trust, so plain text
 * over a network is refused. Adds what is wrong to `problems` and returns null then.
 */
export function parsePlatformUrl(text: string, problems: string[]): URL | null {
  const url = URL.parse(text);
  if (!url) {
    problems.push('the platform must be a URL such as https://vedette.example');
    return null;
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    problems.push(`the platform must be reached by https (${url.protocol}//${url.hostname} is not this machine)`);
  if (url.username || url.password || url.search || url.hash || url.pathname !== '/')
    problems.push('the platform must be given as scheme, host and port only');
  return url;
}

/** The whole of 127.0.0.0/8 (RFC 1122 §3.2.1.3), ::1, and localhost, which RFC 6761 §6.3 keeps on this machine. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
