import type { Check, Reference } from '@vedette/protocol';
import { advisoryUrl } from './explain.ts';

/** Whose own page of a CVE is worth a look where they state something about it. */
const vendorPages = {
  debian: ['Debian security tracker', 'https://security-tracker.debian.org/tracker/'],
  ubuntu: ['Ubuntu', 'https://ubuntu.com/security/'],
  redhat: ['Red Hat', 'https://access.redhat.com/security/cve/'],
  suse: ['SUSE', 'https://www.suse.com/security/cve/'],
  alpine: ['Alpine', 'https://security.alpinelinux.org/vuln/'],
} as const;

/**
 * Pages about a check, made from its names: the CVE's record and the vendors' pages of it, CISA's catalogue where it lists it, and
 * the page of each advisory that has one. Nothing of it is stored.
 */
export function checkReferences(check: Pick<Check, 'name' | 'aliases' | 'kevSince' | 'affected'>): Reference[] {
  return [...cveReferences(check), ...advisoryReferences(check)];
}

function cveReferences({ name, kevSince, affected }: Pick<Check, 'name' | 'kevSince' | 'affected'>): Reference[] {
  if (!/^CVE-\d{4}-\d{4,7}$/.test(name)) return [];
  const ecosystems = new Set<string>(affected.map(({ ecosystem }) => ecosystem));
  return [
    { name: 'CVE record', url: `https://www.cve.org/CVERecord?id=${name}` },
    { name: 'NVD', url: `https://nvd.nist.gov/vuln/detail/${name}` },
    ...Object.entries(vendorPages).flatMap(([ecosystem, [vendor, address]]) =>
      ecosystems.has(ecosystem) ? [{ name: vendor, url: `${address}${name}` }] : [],
    ),
    ...(kevSince === null
      ? []
      : [
          {
            name: 'CISA known exploited vulnerabilities',
            url: `https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext=${name}`,
          },
        ]),
  ];
}

function advisoryReferences({ name, aliases, affected }: Pick<Check, 'name' | 'aliases' | 'affected'>): Reference[] {
  const names = new Set([name, ...aliases, ...affected.map(({ advisory }) => advisory)]);
  return [...names].flatMap((one) => {
    const url = advisoryUrl(one);
    return url === null ? [] : [{ name: one, url }];
  });
}
