/**
 * The package version a Debian kernel states in its banner (uname -v), as in `#1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)`; empty
 * for kernels that state none. Ubuntu's `#51-Ubuntu` is a build number, not a version, so it counts as none.
 */
export function packageVersionOfBanner(banner: string): string {
  return /(?:^| )Debian ([0-9][A-Za-z0-9.+:~-]*) \(/.exec(banner.slice(0, 1024))?.[1] ?? '';
}

/** uname -v out of /proc/version, where it follows the parenthesis that names the compiler; empty when it is not there. */
export function bannerOfProcVersion(text: string): string {
  const start = text.indexOf(' #');
  return start === -1 ? '' : text.slice(start + 1).trim();
}
