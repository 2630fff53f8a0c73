import { join } from 'node:path';
import { type ReleaseError, type TrustedTarget, TrustedMetadata } from '@vedette/release';
import { describeError } from '../errors.ts';
import type { Origin, Origins } from './origins/origins.ts';

export interface Trust {
  readonly metadata: TrustedMetadata;
  readonly origin: Origin;
  readonly target: TrustedTarget | null;
}

/** Time for edges once the first has failed; then the platform is asked. */
const edgesMs = 4000;

/**
 * Follows signed metadata to its newest version at the first origin that has it, and looks for a target. Metadata that is damaged, older
 * than what is trusted, expired, or does not know the target yet, is that origin's failure; what the platform says counts. Throws
 * ReleaseError of the platform's try.
 */
export async function refreshTrust(directory: string, origins: Origins, name: string): Promise<Trust> {
  let failedAt: number | null = null;
  for (;;) {
    const isLate = failedAt !== null && performance.now() - failedAt > edgesMs;
    const all = origins.order();
    const origin = (isLate ? all.at(-1) : all[0]) as Origin; // the platform is always there
    const metadata = await TrustedMetadata.open(directory, origins.metadataOf(origin));
    try {
      await metadata.refresh();
      const target = await metadata.find(name);
      if (target !== null || origin.isPlatform) return { metadata, origin, target };
      origins.leave(origin, `its metadata does not know ${name} yet`);
    } catch (error) {
      await metadata[Symbol.asyncDispose]();
      if (origin.isPlatform) throw error;
      origins.leave(origin, describeError(error), { isWrong: (error as ReleaseError).code !== 'METADATA_UNREACHABLE' });
    }
    failedAt ??= performance.now();
  }
}

/** Where trusted metadata lies below `upgrade` in the state directory. */
export function trustDirectory(upgradeDirectory: string): string {
  return join(upgradeDirectory, 'tuf');
}
