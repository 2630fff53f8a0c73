/** Processors we build for, by Node's name. */
export const architectures = ['x64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** What Debian and rpm call them, and where to find strip for them. */
export const architectureNames: Record<Architecture, { readonly deb: string; readonly rpm: string; readonly strip: string }> = {
  x64: { deb: 'amd64', rpm: 'x86_64', strip: 'x86_64-linux-gnu-strip' },
  arm64: { deb: 'arm64', rpm: 'aarch64', strip: 'aarch64-linux-gnu-strip' },
};
