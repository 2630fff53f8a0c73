import { readJournal } from '../state/journal.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** Everything that was sent to the platform: when, what, how much, and what the platform said. */
export async function journalCommand({ config }: CommandContext): Promise<CommandOutput> {
  const entries = readJournal(config.stateDirectory);
  const lines = entries.map(({ at, path, bytes, status, digest, receipt, subjects }) =>
    // Sent nowhere: what the agent did to itself.
    path === 'upgrade'
      ? `${at}  ${path.padEnd(20)}${subjects.join(', ')}`
      : `${at}  ${path.padEnd(20)}${String(bytes).padStart(8)} bytes  ${status ?? 'no answer'}${receipt === null ? '' : ' signed'}  sha256:${digest.slice(0, 16)}  ${subjects.join(', ')}`.trimEnd(),
  );
  return { json: { entries }, text: lines.length > 0 ? lines.join('\n') : 'nothing was sent yet' };
}
