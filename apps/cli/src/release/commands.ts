import type { Command } from '../commands/command.ts';
import { releaseKeyCommands } from './key-commands.ts';
import { releaseMirrorCommands } from './mirror-commands.ts';
import { releaseRepositoryCommands } from './repository-commands.ts';
import { releaseRolloutCommands } from './rollout-commands.ts';
import { releaseTargetCommands } from './target-commands.ts';

export const releaseCommands: readonly Command[] = [
  ...releaseKeyCommands,
  ...releaseRepositoryCommands,
  ...releaseTargetCommands,
  ...releaseMirrorCommands,
  ...releaseRolloutCommands,
];
