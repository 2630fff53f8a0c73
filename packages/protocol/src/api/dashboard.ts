import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { CheckNumber, Instant } from '../ids.ts';
import { Severity } from '../knowledge/severity.ts';
import { SeverityCounts } from './assets.ts';
import { Detection } from './detections.ts';

export const Dashboard = z.object({
  assets: z.int(),
  silentAssets: z.int().meta({ description: 'No check-in for a day' }),
  unheard: z
    .object({ silent: z.int(), stale: z.int(), archived: z.int() })
    .meta({ description: 'Assets in each of the states that a lack of check-ins leads to' }),
  pendingRestart: z.int(),
  unassessedPackages: z.int(),
  open: SeverityCounts,
  openTotal: z.int(),
  knownExploited: z.int().meta({ description: 'Open detections of vulnerabilities that CISA lists as exploited' }),
  fixedLast7Days: z.int(),
  newLast7Days: z.int(),
  /** The checks found on most assets, worst first. */
  topChecks: z.array(z.object({ check: CheckNumber, name: z.string(), severity: Severity, assets: z.int() })),
  /** The upgrades that remove most open detections. */
  topUpgrades: z.array(
    z.object({
      ecosystem: z.string(),
      release: z.string(),
      source: z.string(),
      fixed: z.string(),
      detections: z.int(),
      assets: z.int(),
      severity: Severity,
    }),
  ),
  worst: z.array(Detection),
  /** Open detections at the end of each of the last 14 days, oldest first. */
  trend: z.array(z.object({ at: Instant, open: SeverityCounts })),
});
export type Dashboard = z.infer<typeof Dashboard>;

export const getDashboard = endpoint({
  name: 'getDashboard',
  summary: 'Counts and top lists of the organization.',
  method: 'GET',
  path: '/dashboard',
  permission: 'detection:read',
  reply: Dashboard,
});

export const About = z.object({
  product: z.literal('Vedette'),
  version: z.string(),
  node: z.string(),
  postgres: z.string(),
  platformUrl: z.string(),
  /** Agent packages that /install.sh offers; none before `npm run package`. */
  agentPackages: z.array(z.object({ name: z.string(), bytes: z.int() })),
  agentVersions: z.array(z.object({ version: z.string(), agents: z.int() })),
  startedAt: Instant,
  /** What counts and lists come from; rebuilt from the database at start. */
  fleetIndex: z.object({
    state: z.enum(['building', 'ready']),
    verifiedAt: Instant.nullable().meta({ description: 'When it was last compared with the database as a whole' }),
    healedAssets: z
      .int()
      .meta({ description: 'Assets that were not as the database says, since the start; 0 unless there is a defect' }),
  }),
  license: z.literal('Apache-2.0'),
});
export type About = z.infer<typeof About>;

export const getAbout = endpoint({
  name: 'getAbout',
  summary: 'Versions and addresses: Help > About.',
  method: 'GET',
  path: '/about',
  permission: 'session',
  reply: About,
});
