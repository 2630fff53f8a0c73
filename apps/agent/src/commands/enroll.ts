import { linuxHost } from '@vedette/host';
import { enroll } from '../enrollment/enroll.ts';
import { openStateDirectory } from '../state/state-directory.ts';
import { StateLock } from '../state/state-lock.ts';
import type { CommandContext, CommandOutput } from './command.ts';

export async function enrollCommand({ config }: CommandContext): Promise<CommandOutput> {
  openStateDirectory(config.stateDirectory);
  using _lock = StateLock.acquire(config.stateDirectory);
  const { agentId, assetId, platform } = await enroll(config, linuxHost());
  return { json: { agentId, assetId, platform }, text: `enrolled with ${platform} as agent ${agentId} (asset ${assetId})` };
}
