import { checkNumber, CheckNumber } from '@vedette/protocol';
import { identifier } from './argument.ts';

/** A check by its number or by its name, such as CVE-2026-1234. Throws CliError USAGE for anything else. */
export function checkNumberOf(argument: string | undefined): CheckNumber {
  const number = argument !== undefined && /^\d+$/.test(argument) ? Number(argument) : checkNumber(argument?.toUpperCase() ?? '');
  return identifier(CheckNumber, 'check (a number, CVE or advisory name)', number ?? argument);
}
