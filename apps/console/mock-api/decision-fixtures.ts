import type { AssetTag, Exception, FixAction, FixEffect, ListedTag } from '@vedette/protocol';
import { assets, at } from './fixtures.ts';

/** Tags, exceptions and fix lists. */
export const tags: ListedTag[] = [
  {
    name: 'web',
    description: 'What the internet can reach',
    query: 'hostname:web',
    criticality: 4,
    exposure: 'internet',
    isDefined: true,
    assets: 2,
    byHand: 0,
    changedAt: at(3),
    changedBy: 'admin',
    usedBy: ['ring first of the roll-out of 0.3.0'],
  },
  {
    name: 'canary',
    description: '',
    query: null,
    criticality: null,
    exposure: null,
    isDefined: false,
    assets: 1,
    byHand: 1,
    changedAt: null,
    changedBy: null,
    usedBy: [],
  },
];

export function tagByHand(name: string): AssetTag {
  return { name, description: '', query: null, criticality: null, exposure: null, byHand: true, fits: false };
}

export const assetTags: readonly AssetTag[] = [
  tagByHand('canary'),
  { name: 'web', description: '', query: 'hostname:web', criticality: 4, exposure: 'internet', byHand: false, fits: true },
];

/** What a document with two statements comes to. */
export function vexImport(isDry: boolean) {
  const wanted = {
    query: 'name:"CVE-2026-1000"',
    status: 'not_affected',
    justification: 'vulnerable_code_not_present',
    reason: 'OpenVEX: not affected',
    comment: 'built without it',
    checks: 1,
    packageVersions: 2,
  };
  const skipped = [{ vulnerability: 'CVE-1999-0001', why: 'no check of that name finds anything here' }];
  const unchanged = [{ exceptionId: '00000000-0000-4000-8000-000000000901', query: 'name:"CVE-2026-1001"', state: 'active' }];
  const replaced = [
    { exceptionId: '00000000-0000-4000-8000-000000000902', query: 'name:"CVE-2026-1002"', state: 'active', why: 'withdrawn' },
  ];
  const upheld = [
    {
      exceptionId: '00000000-0000-4000-8000-000000000902',
      query: 'name:"CVE-2026-1002"',
      state: 'active',
      document: 'urn:theirs',
    },
  ];
  return { requested: isDry ? [] : exceptions.slice(0, 1), wanted: [wanted], skipped, unchanged, replaced, upheld };
}

const asked = {
  assets: 'tag:lab',
  anyVersion: false,
  status: 'affected',
  justification: null,
  comment: 'Nobody but us reaches these machines.',
  source: 'person',
  checks: 7,
  names: ['CVE-2026-1000', 'CVE-2026-1001'],
  requestedBy: 'admin',
  requestedAt: at(2),
  endedBy: null,
  endedAt: null,
} as const;

export const exceptions = [
  {
    ...asked,
    exceptionId: '00000000-0000-4000-8000-000000000901',
    query: 'package:openssl',
    reason: 'isolated test machines',
    state: 'active',
    covered: 12,
    decidedBy: 'anna',
    decidedAt: at(1),
    expiresAt: at(-88),
  },
  {
    ...asked,
    exceptionId: '00000000-0000-4000-8000-000000000902',
    query: 'name:CVE-2026-1002',
    reason: 'waits for the vendor',
    state: 'requested',
    covered: null,
    decidedBy: null,
    decidedAt: null,
    expiresAt: null,
  },
] as unknown as Exception[]; // ids are branded

export const fixes: FixAction[] = [
  ['openssl', '3.0.15-1~deb12u1', 5, 'processes', 0.31],
  ['linux', '6.1.119-1', 5, 'machine', 0.22],
  ['curl', '7.88.1-10+deb12u8', 4, 'none', 0.05],
].map(([source, fixed, severity, restart, share]) => ({
  ecosystem: 'debian',
  release: 'bookworm',
  source: String(source),
  fixed: String(fixed),
  packages: [String(source)],
  restart: restart as FixAction['restart'], // one of the three above
  severity: severity as FixAction['severity'], // likewise
  detections: 14,
  assets: 3,
  share: Number(share),
  command: `apt-get update && apt-get install --only-upgrade ${source}`,
}));

export const together: FixEffect = { riskNow: 480, riskAfter: 210, detectionsNow: 90, detectionsAfter: 51, share: 0.58 };

export const risk = {
  formula: 1,
  risk: 480,
  bands: [0, 100, 250, 500, 750].map((from, index) => ({ from, assets: index })),
  worst: assets.slice(0, 5).map(({ assetId, hostname }, index) => ({ assetId, hostname, risk: 800 - index * 60 })),
};

export const riskChanges = {
  before: 430,
  now: 480,
  causes: [{ cause: 'found', share: 0.12, detections: 5 }],
  checks: [
    { check: 280_001_000, name: 'CVE-2026-1000', severity: 5, cause: 'found', share: 0.12, detections: 5 },
    { check: 280_001_001, name: 'CVE-2026-1001', severity: 4, cause: 'gone', share: -0.02, detections: 2 },
  ],
};
