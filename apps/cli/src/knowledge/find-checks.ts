import { buildChecks } from '@vedette/matching';
import { checkNumber, type Check } from '@vedette/protocol';
import type { KnowledgeSource } from './knowledge-source.ts';

/** The checks of a CVE or check number, or all that an advisory or alias stands for; none for a name that is not there. */
export function findChecks(knowledge: KnowledgeSource, name: string): Check[] {
  const numberOf = (one: string): number | null => checkNumber(one) ?? knowledge.registeredNumber(one);
  const asName = /^\d+$/.test(name) ? cveOf(Number(name)) : name;
  // Names are written as their authorities write them; CVE and Debian's in capitals, GHSA in small letters.
  const spellings = [...new Set([asName, asName.toUpperCase(), asName.replace(/^ghsa(?=-)/i, 'GHSA')])];
  const { checks } = buildChecks(knowledge.selectNames(spellings), numberOf);
  return checks.filter((check) => spellings.some((one) => check.name === one || check.aliases.includes(one)));
}

/** The CVE whose check has this number; advisories without a CVE are found by name. */
function cveOf(number: number): string {
  const year = 1998 + Math.floor(number / 10_000_000);
  const name = `CVE-${year}-${String(number % 10_000_000).padStart(4, '0')}`;
  return checkNumber(name) === number ? name : String(number);
}
