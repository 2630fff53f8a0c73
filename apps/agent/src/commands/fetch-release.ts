import { readCaFile } from '../enrollment/enroll.ts';
import { loadIdentity } from '../enrollment/identity.ts';
import { AgentError } from '../errors.ts';
import { processEnvironment } from '../config.ts';
import { fetchRelease } from '../upgrade/fetch-release.ts';
import { findInstallation } from '../upgrade/installation.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/**
 * A process of its own for the upgrade, so that what it takes to check signatures and unpack is gone when it ends. The argument is
 * `VERSION` or `manifests/VERSION`, with `@REGION` or without. Its outcome is JSON on stdout, whatever it is.
 */
export async function fetchReleaseCommand({ config, argument = '', signal }: CommandContext): Promise<CommandOutput> {
  const [wanted = '', region = null] = argument.split('@');
  const subject = wanted.startsWith('manifests/') ? 'manifests' : 'agent';
  const version = wanted.slice(wanted.indexOf('/') + 1);
  if (version === '') throw new AgentError('USAGE', 'say which version to fetch');
  const { stateDirectory, proxies } = config;
  const installation = findInstallation(stateDirectory, processEnvironment());
  if (!installation) throw new AgentError('CONFIG', 'only an agent that was installed from a package can upgrade itself');
  const identity = loadIdentity(stateDirectory);
  if (!identity) throw new AgentError('NOT_ENROLLED', 'this agent is not enrolled; run `vedette-agent enroll` first');
  const platform = new URL(config.platform?.origin ?? identity.platform);
  const ca = readCaFile(config.caFile ?? identity.caFile);
  const outcome = await fetchRelease({ installation, platform, ca, proxies, stateDirectory, subject, version, region, signal });
  const text = outcome.status === 'staged' ? `${version} is staged` : `${version} was not staged: ${outcome.detail}`;
  return { json: outcome, text, exitCode: outcome.status === 'staged' ? 0 : 1 };
}
