import type { AgentConfig } from '../config.ts';
import { describeUpgrade } from '../upgrade/describe-upgrade.ts';
import { type Finding, fine } from './finding.ts';

/** What keeps this agent from becoming a newer one. None of it keeps it from working, so there are only warnings. */
export function diagnoseUpgrade(config: Pick<AgentConfig, 'stateDirectory'>): Finding[] {
  const upgrade = describeUpgrade(config);
  if (!upgrade) return [];
  const warn = (detail: string, remedy: string): Finding => ({ hop: 'upgrade', level: 'warning', detail, remedy });
  const { version, slot, trial, last, origins, metadata } = upgrade;
  const from = slot === 'base' ? 'from the package' : `from slot ${slot}`;
  const findings = [fine('upgrade', `${version} runs ${from}${trial ? `; ${trial.version} is on trial` : ''}`)];
  if (last?.why) {
    const remedy = 'Its reason is for those who made the release; the version before it runs on.';
    findings.push(warn(`the last upgrade, to ${last.to}, ${last.outcome}: ${last.why.text}`, remedy));
  }
  for (const { origin, failure } of origins) {
    if (failure !== null)
      findings.push(warn(`${origin} failed last time: ${failure}`, 'Allow it in the firewall, or leave it to the others.'));
  }
  for (const { role, level, days, expiresAt } of metadata) {
    if (level === 'ok') continue;
    const when = level === 'expired' ? `expired at ${expiresAt}` : `expires in ${days} days`;
    const remedy =
      'Check this clock; else the platform must publish newer metadata: `vedette release`. Only upgrades wait for it.';
    findings.push(warn(`signed metadata of ${role} ${when}`, remedy));
  }
  return findings;
}
