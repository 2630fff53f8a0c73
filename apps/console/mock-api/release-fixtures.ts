import {
  type AgentUpgrade,
  HealthGate,
  type PlatformIdentification,
  type ReleaseRepository,
  type Rollout,
  standardRings,
} from '@vedette/protocol';
import { assets, now } from './fixtures.ts';

const ago = (hours: number): string => new Date(now - hours * 3600_000).toISOString();
const ahead = (days: number): string => new Date(now + days * 86_400_000).toISOString();
const key = { keyId: 'a'.repeat(64), public: 'b'.repeat(64) };

export const repository: ReleaseRepository = {
  onlineKeys: { snapshot: key, timestamp: key },
  isPublished: true,
  roles: [
    { role: 'root', version: 1, expiresAt: ahead(300), level: 'ok', online: false },
    { role: 'code', version: 4, expiresAt: ahead(12), level: 'warning', online: false },
    { role: 'timestamp', version: 90, expiresAt: ahead(2), level: 'ok', online: true },
  ],
  programs: [
    { product: 'agent', version: '0.3.0', platform: 'linux-x64', bytes: 131_000, deltaBytes: 4200, releasedAt: ago(5) },
    { product: 'runtime', version: '26.10.0', platform: 'linux-x64', bytes: 30_500_000, deltaBytes: null, releasedAt: ago(900) },
  ],
  content: [{ content: 'rules', version: '7', bytes: 9000, releasedAt: ago(50) }],
  revoked: [],
  problem: null,
};

const progress = { targeted: 3, pending: 1, waiting: 0, upgrading: 0, done: 1, failed: 0, rolledBack: 1, lost: 0, overBudget: 0 };
export const rollouts: Rollout[] = [
  {
    rolloutId: '018f2c7e-0000-7000-8000-0000000000f1',
    subject: 'agent',
    version: '0.3.0',
    previous: '0.2.0',
    state: 'paused',
    rings: [...standardRings],
    ring: 1,
    gate: HealthGate.parse({}),
    reason: '1 of 2 agents failed or rolled back',
    startedAt: ago(4),
    startedBy: 'admin',
    changedAt: ago(1),
    progress,
  },
];

export const upgrades: AgentUpgrade[] = assets.slice(0, 3).map(({ assetId, hostname }, index) => ({
  assetId,
  hostname,
  platform: 'linux-x64',
  version: index === 1 ? '0.3.0' : '0.2.0',
  runtime: '26.10.0',
  desired: '0.3.0',
  held: index === 2 ? 'paused' : null,
  state: (['rolled-back', 'committed', 'idle'] as const)[index] ?? 'idle',
  content: {},
  contentProblems: {},
  target: index === 2 ? null : '0.3.0',
  since: ago(2),
  reason: index === 0 ? 'crash' : null,
  detail: index === 0 ? 'ended with 139 three times' : '',
  bytes: null,
  origins: [{ host: 'cdn-eu.vedette.example', bytes: 4200 }],
  pinned: null,
  tags: [],
  reportedAt: ago(1),
}));

const check = (region: string, url: string) => ({
  region,
  url,
  linux: `curl -v ${new URL('/stub_status', url).href}`,
  windows: `iwr -UseBasicParsing ${new URL('/stub_status', url).href}`,
});
export const identification: PlatformIdentification = {
  product: 'Vedette',
  platform: 'https://vedette.example/',
  defaultRegion: 'emea',
  regions: [
    { name: 'americas', title: 'Americas', platform: 'https://vedette.example/', origins: ['https://cdn-us.vedette.example/'] },
    { name: 'emea', title: 'EMEA', platform: 'https://vedette.example/', origins: ['https://cdn-eu.vedette.example/'] },
  ],
  checks: [
    check('americas', 'https://cdn-us.vedette.example/'),
    check('americas', 'https://vedette.example/'),
    check('emea', 'https://cdn-eu.vedette.example/'),
    check('emea', 'https://vedette.example/'),
  ],
};
