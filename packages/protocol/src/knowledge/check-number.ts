import { postureCheckNumbers } from './posture.ts';

/**
 * Numbers from here on are not computed but given by the platform's register, in the order in which it first hears of a name,
 * and kept forever (docs/adr/0006). They fit 31 bits, and no CVE before the year 2209 reaches them.
 */
export const firstRegisteredCheckNumber = 2_110_000_000;

/**
 * Stable number of a check, computed from its name so that every platform gives the same number without asking anybody:
 * CVE-YYYY-N → (YYYY − 1998) × 10,000,000 + N. Numbers below 10,000,000 belong to advisories without a CVE:
 * DSA-N-R → 1,000,000 + N × 10 + R, DLA-N-R → 2,000,000 + N × 10 + R; and to posture checks: VP-N → 3,000,000 + N. Returns null
 * for a name of no such form.
 */
export function checkNumber(name: string): number | null {
  const cve = /^CVE-(\d{4})-(\d{4,7})$/.exec(name);
  if (cve) {
    const number = (Number(cve[1]) - 1998) * 10_000_000 + Number(cve[2]);
    return number < 10_000_000 || number >= firstRegisteredCheckNumber ? null : number;
  }
  const posture = /^VP-(\d{1,5})$/.exec(name);
  if (posture) return postureCheckNumbers.first + Number(posture[1]);
  const advisory = /^(DSA|DLA)-(\d{1,5})(?:-(\d))?$/.exec(name);
  if (!advisory) return null;
  return (advisory[1] === 'DSA' ? 1_000_000 : 2_000_000) + Number(advisory[2]) * 10 + Number(advisory[3] ?? 0);
}
