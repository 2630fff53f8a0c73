import {
  checkNumber,
  type About,
  type ActivationKey,
  type ApiToken,
  type AgentState,
  type Asset,
  type Check,
  type Dashboard,
  type Detection,
  type Explanation,
  type Knowledge,
  type Me,
  type RecordOrigin,
  type Severity,
  type SeverityCounts,
  type Software,
  severities,
  severityNames,
  permissions,
} from '@vedette/protocol';

/** A small fleet, the same at every start, relative to one moment. */
export const now = Date.parse('2026-11-22T03:00:00Z');
const day = 86_400_000;
export const at = (daysAgo: number) => new Date(now - daysAgo * day).toISOString();
const on = (daysAgo: number) => at(daysAgo).slice(0, 10);
const uuid = (kind: number, number: number) => `0000000${kind}-0000-4000-8000-${String(number).padStart(12, '0')}`;
const as = <Branded extends string>(text: string) => text as Branded; // fixtures mint ids; nobody else may

export const me: Me = {
  userId: as(uuid(1, 1)),
  login: 'admin',
  organizationId: as(uuid(2, 1)),
  organization: 'Example',
  name: 'Ada',
  role: 'manager',
  roleName: 'Manager',
  permissions: [...permissions],
  scope: null,
  stage: 'complete',
};

export const packages = [
  ['openssl', 'libssl3', '3.0.11-1~deb12u2', '3.0.15-1~deb12u1'],
  ['linux', 'linux-image-6.1.0-18-amd64', '6.1.76-1', '6.1.112-1'],
  ['glibc', 'libc6', '2.36-9+deb12u3', '2.36-9+deb12u7'],
  ['curl', 'libcurl4', '7.88.1-10+deb12u4', '7.88.1-10+deb12u8'],
  ['openssh', 'openssh-server', '1:9.2p1-2+deb12u1', '1:9.2p1-2+deb12u3'],
  ['sudo', 'sudo', '1.9.13p3-1+deb12u1', '1.9.13p3-1+deb12u2'],
  ['libxml2', 'libxml2', '2.9.14+dfsg-1.3~deb12u1', null],
  ['expat', 'libexpat1', '2.5.0-1', '2.5.0-1+deb12u1'],
] as const;

export const software: Software[] = packages.map(([source, name, version], index) => ({
  name,
  version,
  ecosystem: 'debian',
  release: 'bookworm',
  source,
  assets: 12 - index,
  detections: index % 3 === 0 ? 0 : index * 7,
}));

export const origins: RecordOrigin[] = [
  {
    feed: 'debian-dsa',
    location: 'https://security-tracker.example/data/DSA/list',
    retrievedAt: at(0.2),
    sha256: 'ab12'.repeat(16),
  },
  { feed: 'cisa-kev', location: 'known_exploited_vulnerabilities.json', retrievedAt: at(0.2), sha256: '9f3c'.repeat(16) },
];

export const checks: Check[] = Array.from({ length: 130 }, (_, index) => {
  const [source, , , fixed] = packages[index % packages.length]!; // a remainder is a valid index
  const name = `CVE-${2024 + (index % 3)}-${6000 + index * 17}`;
  const severity = ([5, 4, 4, 3, 3, 3, 2, 1] as const)[index % 8]!; // likewise
  const score = [0, 0, 3.1, 5.9, 8.1, 9.8][severity]!; // severity is 1 to 5
  return {
    number: checkNumber(name)!, // the form above always has one
    name,
    aliases: [`DSA-${5600 + index}-1`],
    severity,
    severityRule: `CVSS 3.1 base score ${score} (nvd)`,
    confidence: 'confirmed',
    published: on(10 + index),
    cvss: [{ version: '3.1', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score, source: 'nvd' }],
    cwe: ['CWE-787'],
    kevSince: index % 24 === 0 ? on(30) : null,
    epss: index % 5 === 4 ? null : { score: 1 / (index + 2), percentile: 1 - index / 200, date: on(1) },
    patchable: fixed !== null,
    modified: on(4),
    affected: (['bookworm', 'trixie'] as const).map((release) => ({
      ecosystem: 'debian',
      release,
      package: source,
      status: release === 'trixie' ? 'not-affected' : fixed === null ? 'affected' : 'fixed',
      introduced: null,
      fixed: release === 'trixie' ? null : fixed,
      advisory: `DSA-${5600 + index}-1`,
      feed: 'debian-dsa',
      published: on(9 + index),
      ...(release === 'bookworm' && fixed === null ? { vendorState: 'no-dsa' as const, lastAffected: '9.1-2' } : {}),
    })),
  };
});

/** References and change log of a check. */
export function checkExtras({ name, severity }: Check) {
  const change = { knowledgeVersion: 812, at: at(3), subject: null, from: null, to: null };
  return {
    references: [
      { name: 'CVE record', url: `https://www.cve.example/CVERecord?id=${name}` },
      { name: 'Debian security tracker', url: `https://security-tracker.example/${name}` },
    ],
    firstSeen: at(40),
    lastChanged: at(3),
    changes: [
      { ...change, what: 'severity', from: '3 medium (no score known)', to: `${severity} (CVSS 3.1 base score)` },
      {
        ...change,
        what: 'statement-added',
        subject: 'debian bookworm openssl, DSA-5764-1 (debian-dsa)',
        to: 'fixed in 3.0.15-1',
      },
      { ...change, knowledgeVersion: 790, at: at(40), what: 'first-seen', to: name },
    ],
  };
}

const hosts = ['web-01', 'web-02', 'db-01', 'mail', 'build-runner-7', 'a-host-with-a-rather-long-name.prod.example.org'];

export const detections: Detection[] = hosts.flatMap((hostname, host) =>
  checks.filter((_, index) => index % (host + 1) === 0).map((check, index) => detection(check, hostname, host, index)),
);

function detection(check: Check, hostname: string, host: number, index: number): Detection {
  const [source, name, installed, fixed] = packages[checks.indexOf(check) % packages.length]!; // a remainder is a valid index
  const status = (['active', 'active', 'new', 'active', 'fixed', 'active', 'reopened'] as const)[index % 7]!; // likewise
  return {
    assetId: as(uuid(3, host)),
    hostname,
    check: check.number,
    name: check.name,
    kind: 'vulnerability',
    title: null,
    severity: check.severity,
    confidence: index % 11 === 10 ? 'potential' : 'confirmed',
    status,
    firstFound: at(status === 'new' ? 2 : 20),
    lastFound: at(0.1),
    fixedAt: status === 'fixed' ? at(1) : null,
    kevSince: check.kevSince,
    risk: check.severity * 100 + (index % 7) * 11,
    exception: null,
    cvssScore: check.cvss[0]?.score ?? null,
    cvssVersion: check.cvss[0]?.version ?? null,
    epssScore: check.epss?.score ?? null,
    packages: [name, ...(index % 3 === 0 ? [`${source}-common`] : [])].map((each) => ({
      name: each,
      architecture: 'amd64',
      installed,
      fixed,
      source,
      role: source === 'linux' ? 'running' : 'installed',
      advisory: check.aliases[0]!, // every check above has one
      feed: 'debian-dsa',
    })),
  };
}

export function countsOf(list: readonly Detection[]): SeverityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, informational: 0 };
  for (const { severity, status } of list) if (status !== 'fixed') counts[severityNames[severity]] += 1;
  return counts;
}

export const assets: Asset[] = hosts.map((hostname, host) => ({
  assetId: as(uuid(3, host)),
  hostname,
  os: 'Debian GNU/Linux 12 (bookworm)',
  release: 'bookworm',
  architecture: 'amd64',
  packages: 719 - host * 31,
  unassessed: host === 4 ? 12 : 0,
  detections: countsOf(detections.filter((each) => each.hostname === hostname)),
  risk: Math.max(0, ...detections.filter((each) => each.hostname === hostname).map(({ risk }) => risk)),
  pendingRestart: host % 3 === 0,
  agentVersion: '0.1.0',
  firstSeen: at(20),
  lastSeen: at(host / 1000),
  lastScan: at(host / 100),
  state: 'active',
  stateSince: at(host / 100),
}));

export const agent: AgentState = {
  agentId: as(uuid(4, 1)),
  version: '0.1.0',
  enrolledAt: at(20),
  lastCheckIn: at(0.0005),
  revokedAt: null,
  consumption: {
    cpuSeconds: 41.7,
    rssBytes: 47_185_920,
    peakRssBytes: 61_865_984,
    unevictableBytes: 19_922_944,
    sentBytes: 183_224,
    uptimeSeconds: 262_000,
  },
  watching: { fanotify: 412, inotify: 0, kernel: 3, polling: 2 },
  collectors: [
    'os',
    'dpkg',
    'kernel',
    'restart',
    'network-interface',
    'listening-socket',
    'service',
    'user',
    'hardware',
    'file-system',
  ].map((name, index) => ({
    name,
    sequence: index + 1,
    digest: 'c0ffee42'.repeat(8),
    status: name === 'listening-socket' ? 'partial' : 'complete',
    ...(name === 'listening-socket' ? { problem: 'processes of other users were not visible' } : {}),
    rows: name === 'dpkg' ? 719 : 3,
    changedAt: at(index),
    lastBytes: 180 + index,
    snapshotBytes: 1200 * (index + 1),
  })),
};

export const knowledge: Knowledge = {
  version: 812,
  checks: 38_412,
  date: on(24),
  importedAt: at(20),
  starter: true,
  stale: true,
  refreshing: false,
  feeds: [
    {
      feed: 'debian-dsa',
      describes: 'Security advisories of Debian',
      location: origins[0]!.location,
      records: 5712,
      retrievedAt: at(20),
      checkedAt: at(20),
      stale: false,
      refusedRecords: null,
      problem: null,
    }, // listed above
    {
      feed: 'cisa-kev',
      describes: 'Known exploited vulnerabilities',
      location: 'known_exploited_vulnerabilities.json',
      records: 1204,
      retrievedAt: at(20),
      checkedAt: at(20),
      stale: false,
      refusedRecords: 1100,
      problem: 'It has 1100 records, the last import had 1204. If it really is smaller now, accept it.',
    },
    {
      feed: 'nvd',
      describes: 'Scores and weaknesses',
      location: 'nvdcve-2.0-recent.json.gz',
      records: null,
      retrievedAt: null,
      checkedAt: null,
      stale: true,
      refusedRecords: null,
      problem: null,
    },
  ],
};

export const activationKeys: ActivationKey[] = [
  {
    activationKeyId: as(uuid(5, 1)),
    name: 'this machine',
    createdAt: at(20),
    expiresAt: null,
    maxUses: null,
    uses: 6,
    revokedAt: null,
  },
  {
    activationKeyId: as(uuid(5, 2)),
    name: 'old images',
    createdAt: at(90),
    expiresAt: at(-30),
    maxUses: 50,
    uses: 12,
    revokedAt: at(4),
  },
];

export const apiTokens: ApiToken[] = [
  {
    apiTokenId: as(uuid(6, 1)),
    name: 'nightly report',
    createdAt: at(12),
    expiresAt: at(-78),
    permissions: null,
    lastUsedAt: at(0),
    lastAddress: '192.0.2.7',
  },
  {
    apiTokenId: as(uuid(6, 2)),
    name: 'old script',
    createdAt: at(200),
    expiresAt: at(20),
    permissions: ['asset:read'],
    lastUsedAt: null,
    lastAddress: null,
  },
];

export const about: About = {
  product: 'Vedette',
  version: '0.1.0',
  node: '26.10.0',
  postgres: '18.4',
  platformUrl: 'http://127.0.0.1:8443',
  agentPackages: [{ name: 'vedette-agent_0.1.0_amd64.deb', bytes: 27_400_000 }],
  agentVersions: [{ version: '0.1.0', agents: hosts.length }],
  startedAt: at(3),
  fleetIndex: { state: 'ready', verifiedAt: at(1), healedAssets: 0 },
  license: 'Apache-2.0',
};

export function dashboard(): Dashboard {
  const open = countsOf(detections);
  const grow = (index: number) =>
    Object.fromEntries(
      severities.map((level) => [severityNames[level], Math.round(open[severityNames[level]] * (1.25 - index / 50))]),
    ) as SeverityCounts; // all five names
  return {
    assets: assets.length,
    silentAssets: 1,
    unheard: { silent: 1, stale: 0, archived: 0 },
    pendingRestart: assets.filter(({ pendingRestart }) => pendingRestart).length,
    unassessedPackages: 12,
    open,
    openTotal: Object.values(open).reduce((sum, value) => sum + value, 0),
    knownExploited: 7,
    fixedLast7Days: 47,
    newLast7Days: 21,
    topChecks: checks.slice(0, 5).map(({ number, name, severity }) => ({ check: number, name, severity, assets: 6 })),
    topUpgrades: packages.slice(0, 5).flatMap(([source, , , fixed], index) =>
      fixed === null
        ? []
        : [
            {
              ecosystem: 'debian',
              release: 'bookworm',
              source,
              fixed,
              detections: 60 - index * 9,
              assets: 6 - index,
              severity: (5 - Math.min(index, 4)) as Severity,
            },
          ],
    ), // 5 to 1
    worst: sorted(detections.filter(({ status }) => status !== 'fixed')).slice(0, 8),
    trend: Array.from({ length: 14 }, (_, index) => ({ at: at(13 - index), open: grow(index) })),
  };
}

export function sorted(list: readonly Detection[]): Detection[] {
  return list.toSorted((a, b) => b.severity - a.severity || (b.epssScore ?? 0) - (a.epssScore ?? 0));
}

export function explain(found: Detection): Explanation {
  const check = checks.find(({ number }) => number === found.check)!; // every detection is made from a check
  return {
    detection: found,
    posture: null,
    risk: {
      score: found.risk,
      formula: 1,
      factors: [
        { name: 'impact', value: 0.99, because: 'severity critical and CVSS 9.8' },
        { name: 'threat', value: 1, because: 'CISA lists it as exploited' },
        { name: 'exposure', value: 0.7, because: 'reachable from inside, or its tags say nothing of it' },
        { name: 'criticality', value: 0.7, because: 'criticality 3 of 5' },
        { name: 'confidence', value: 1, because: 'the detection is confirmed' },
      ],
    },
    intervals: [
      { from: at(20), until: at(9), cause: 'first-scan', endCause: 'package-change' },
      { from: at(6), until: found.fixedAt, cause: 'knowledge-change', endCause: found.fixedAt ? 'package-change' : null },
    ],
    why: found.packages.map((each) => ({
      package: each,
      sourcePackage: each.source,
      sourceVersion: each.installed,
      release: 'bookworm',
      statement: check.affected[0]!, // every check has two
      comparison:
        each.fixed === null ? null : { left: each.installed, operator: '<', right: each.fixed, order: 'dpkg (deb-version(7))' },
      verdict: 'affected',
      confidence: found.confidence === 'information' ? 'information' : 'confirmed',
      confidenceReason: "the vendor's advisory speaks of this source package",
      considered: check.affected.map((statement, index) => ({
        statement,
        decides: index === 0,
        counts: index === 0,
        why: index === 0 ? 'an advisory of the authority; advisories add up' : 'an advisory goes before a changelog',
      })),
      sentence:
        each.fixed === null
          ? `${each.name} is affected by ${found.name}, and Debian has no fix for bookworm yet.`
          : `${each.name} ${each.installed} comes from source ${each.source}, which ${each.advisory} fixed in ${each.fixed}; the installed version is older.`,
      advisory: { id: each.advisory, feed: each.feed, published: on(12), url: 'https://security-tracker.example/DSA' },
      origin: origins[0]!, // listed above
      knowledgeVersion: 812,
      knowledgeAt: at(20),
      evidence: null,
    })),
  };
}
