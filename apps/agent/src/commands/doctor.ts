import { existsSync } from 'node:fs';
import { diagnoseHost } from '../doctor/diagnose-host.ts';
import { diagnoseRoute } from '../doctor/diagnose-route.ts';
import { diagnoseUpgrade } from '../doctor/diagnose-upgrade.ts';
import { type Finding, problem } from '../doctor/finding.ts';
import { readCaFile } from '../enrollment/enroll.ts';
import { loadIdentity } from '../enrollment/identity.ts';
import { describeError } from '../errors.ts';
import { routesTo } from '../transport/proxies.ts';
import type { CommandContext, CommandOutput } from './command.ts';

/** Goes the way of a request hop by hop, names the first that fails, and says what to do. Exit code 1 when the agent cannot work. */
export async function doctorCommand({ config }: CommandContext): Promise<CommandOutput> {
  const findings = diagnoseHost(config.stateDirectory);
  const identity = existsSync(config.stateDirectory) ? loadIfReadable(config.stateDirectory, findings) : null;
  const platform = config.platform ?? (identity ? new URL(identity.platform) : null);
  // What cannot be read does not say whether it is enrolled.
  const isReadable = findings.every(({ level }) => level !== 'problem');
  if (!platform && isReadable) {
    const remedy = 'Set VEDETTE_PLATFORM and VEDETTE_ACTIVATION_KEY, then run `vedette-agent enroll`.';
    findings.push(problem('identity', 'this agent is not enrolled and knows no platform', remedy));
  } else if (platform) {
    findings.push(...(await diagnosePlatform(platform, config, config.caFile ?? identity?.caFile ?? null)));
  }
  findings.push(...diagnoseUpgrade(config));
  const isWell = findings.every(({ level }) => level !== 'problem');
  const lines = findings.map(({ level, hop, detail, remedy }) => {
    const mark = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' }[level];
    return `${mark} ${hop.padEnd(9)} ${detail}${remedy === null ? '' : `\n        ${' '.repeat(9)} ${remedy}`}`;
  });
  return { json: { ok: isWell, findings }, text: lines.join('\n'), exitCode: isWell ? 0 : 1 };
}

async function diagnosePlatform(platform: URL, { proxies }: CommandContext['config'], caFile: string | null): Promise<Finding[]> {
  let ca: string | undefined;
  try {
    ca = readCaFile(caFile);
  } catch (error) {
    return [problem('tls', describeError(error), 'Give --ca-file (VEDETTE_CA_FILE) a readable PEM file.')];
  }
  const routes = await Promise.all(routesTo(platform, proxies).map((route) => diagnoseRoute(platform, route, ca)));
  const isReached = routes.some((findings) => findings.every(({ level }) => level !== 'problem'));
  // One way that works is enough.
  const soften = (finding: Finding): Finding =>
    isReached && finding.level === 'problem' ? { ...finding, level: 'warning' } : finding;
  return routes.flat().map(soften);
}

function loadIfReadable(stateDirectory: string, findings: Finding[]) {
  try {
    return loadIdentity(stateDirectory);
  } catch (error) {
    findings.push(problem('identity', describeError(error), 'Run as the user the agent runs as (root), or enroll again.'));
    return null;
  }
}
