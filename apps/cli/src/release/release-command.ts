import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ReleaseError, type ReleaseErrorCode } from '@vedette/release';
import type { Command } from '../commands/command.ts';
import { CliError, type CliErrorCode } from '../errors.ts';

export type Options = Parameters<Command['run']>[2];

/** What a refusal of the release repository means to a script. */
const codes: Partial<Record<ReleaseErrorCode, CliErrorCode>> = { KEY: 'SIGNATURES', THRESHOLD: 'SIGNATURES' };

/** A command about releases: refusals of the repository become exit codes. */
export function releaseCommand(command: Command): Command {
  return {
    ...command,
    async run(surroundings, args, options) {
      try {
        return await command.run(surroundings, args, options);
      } catch (error) {
        if (error instanceof ReleaseError) throw new CliError(codes[error.code] ?? 'FAILURE', error.message, { cause: error });
        throw error;
      }
    },
  };
}

export const dryRunOption = ['--dry-run', 'check everything, change nothing'] as const;

/**
 * Hands the directory to work in to `act`: the repository, or for a dry run a copy of its metadata. `targets` tells whether files of
 * targets are only read; then they are there too.
 */
export async function inRepository<Result>(
  given: string | undefined,
  { options, targets }: { readonly options: Options; readonly targets: 'read' | 'written' },
  act: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = resolve(given ?? '.');
  if (options['dryRun'] !== true) return act(directory);
  const copy = await mkdtemp(join(tmpdir(), 'vedette-dry-run-'));
  try {
    for (const folder of ['tuf', 'staged']) {
      await cp(join(directory, folder), join(copy, folder), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    if (targets === 'read') await symlink(join(directory, 'targets'), join(copy, 'targets'));
    else await mkdir(join(copy, 'targets'));
    return await act(copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** A value of an option; throws CliError USAGE. */
export function needed(options: Options, name: string, flag: string): string {
  const value = options[name];
  if (typeof value !== 'string' || value === '') throw new CliError('USAGE', `${flag} is missing`);
  return value;
}

/** Names separated by commas. */
export function listed(value: string | true | undefined): string[] {
  return typeof value === 'string' ? value.split(',').flatMap((one) => one.trim() || []) : [];
}
