import { TargetCustom } from '@vedette/protocol';
import { contentTarget, deltaTarget, programTarget } from './layout.ts';
import { ReleaseError } from './release-error.ts';
import type { TrustedTarget } from './trusted-metadata.ts';

/**
 * What signed metadata says of a target of ours. The name must be the one that belongs to it: names decide which keys may sign, so
 * nothing that the content keys signed can be taken for a program. Throws ReleaseError `METADATA_INVALID`.
 */
export function readCustom({ name, custom }: Pick<TrustedTarget, 'name' | 'custom'>): TargetCustom {
  const read = TargetCustom.safeParse(custom);
  if (!read.success) throw new ReleaseError('METADATA_INVALID', `${name}: ${read.error.issues[0]?.message ?? 'unreadable'}`);
  const due = nameOf(read.data);
  const isOrigins = name.startsWith('content/platform/') && read.data.kind === 'content' && read.data.content === 'platform';
  if (name !== due && !isOrigins) throw new ReleaseError('METADATA_INVALID', `${name} claims to be ${due}`);
  return read.data;
}

/** The name that a target with this description has. */
export function nameOf(custom: TargetCustom): string {
  switch (custom.kind) {
    case 'program':
      return programTarget(custom.product, custom.platform, custom.version);
    case 'delta':
      return deltaTarget(custom.product, custom.platform, { version: custom.version, from: custom.from.version });
    case 'content':
      return contentTarget(custom.content, custom.version);
  }
}
