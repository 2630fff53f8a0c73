import type { Cvss } from '@vedette/protocol';
import calculator from 'ae-cvss-calculator';
import { isCvssVector } from './identifiers.ts';

const vectorClasses = {
  '2.0': calculator.Cvss2,
  '3.0': calculator.Cvss3P0,
  '3.1': calculator.Cvss3P1,
  '4.0': calculator.Cvss4P0,
} as const;

/**
 * The base score of a vector, computed as its specification (FIRST, CVSS 2.0, 3.0, 3.1, 4.0) says; for records that give only the
 * vector. Null for a text that is no complete vector. `source`: who scored.
 */
export function scoreVector(text: string, source: string): Cvss | null {
  const vector = text.trim().replace(/\/$/, '');
  const named = /^CVSS:(3\.0|3\.1|4\.0)\//.exec(vector)?.[1] as '3.0' | '3.1' | '4.0' | undefined; // what the pattern names
  const version = named ?? '2.0';
  if (!isCvssVector(version, vector)) return null;
  try {
    const score = new vectorClasses[version](vector).calculateScores().base;
    return score === undefined || Number.isNaN(score) ? null : { version, vector, score, source };
  } catch {
    // The calculator throws plain errors for metrics and values that do not exist.
    return null;
  }
}
