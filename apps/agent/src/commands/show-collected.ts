import { runCollector } from '@vedette/collectors';
import { linuxHost } from '@vedette/host';
import { importPublicKey, loadIdentity } from '../enrollment/identity.ts';
import { AgentError } from '../errors.ts';
import { manifestCollectors } from '../manifest/manifest-collectors.ts';
import { loadManifest } from '../manifest/manifest-file.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** What would be sent now, also by the manifest that the platform published last (`posture`). */
export async function showCollectedCommand({ argument, config }: CommandContext): Promise<CommandOutput> {
  const identity = loadIdentity(config.stateDirectory);
  const manifest = identity && loadManifest(config.stateDirectory, importPublicKey(identity.platformPublicKey));
  const collectors = manifestCollectors(manifest);
  const chosen = collectors.filter(({ fact }) => argument === undefined || fact.name === argument);
  if (chosen.length === 0) {
    const names = collectors.map(({ fact }) => fact.name).join(', ');
    throw new AgentError('USAGE', `there is no collector ${argument}; there are ${names}`);
  }
  const host = linuxHost();
  const json: Record<string, unknown>[] = [];
  const lines: string[] = [];
  for (const collector of chosen) {
    const { status, rows, problems } = await runCollector(collector, host);
    json.push({ collector: collector.fact.name, status, problems, rows });
    lines.push(`${collector.fact.name}: ${status}, ${rows.length} rows`);
    lines.push(...problems.map(({ code, path }) => `  problem ${code} ${path}`));
    // Rows are cleaned of control characters by the runner, so they may go to a terminal.
    lines.push(
      ...rows.map(
        (row) =>
          `  ${Object.entries(row)
            .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
            .join(' ')}`,
      ),
    );
  }
  return { json, text: lines.join('\n') };
}
