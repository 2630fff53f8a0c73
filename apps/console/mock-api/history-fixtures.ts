import { type Deadlines, eventKinds, type FleetEvent, type SavedQuery, severities, type TimelineEntry } from '@vedette/protocol';
import * as fixtures from './fixtures.ts';
import type { MockRequest } from './server.ts';

let deadlines: Deadlines = { critical: 7, high: 14, medium: 30, low: null, informational: null };
let saved: SavedQuery[] = [
  {
    savedQueryId: '00000009-0000-4000-8000-000000000001' as SavedQuery['savedQueryId'], // fixtures mint ids
    name: 'Exploited on servers',
    about: 'detection',
    query: 'kev:true and asset:(hostname:web)',
    shared: true,
    onDashboard: true,
    owner: 'anna',
    isOwn: false,
    changedAt: fixtures.at(3),
  },
];

const timeline: TimelineEntry[] = [
  {
    kind: 'detections',
    at: fixtures.at(1),
    found: { count: 0, first: [] },
    fixed: { count: 2, first: fixtures.checks.slice(0, 2).map(({ number, name }) => ({ check: number, name })) },
  },
  {
    kind: 'packages',
    at: fixtures.at(1),
    collector: 'dpkg',
    added: { count: 1, first: ['libssl3 3.0.15-1~deb12u1'] },
    removed: { count: 1, first: ['libssl3 3.0.11-1~deb12u2'] },
  },
  { kind: 'facts', at: fixtures.at(2), collector: 'listening-socket' },
  { kind: 'enrolled', at: fixtures.at(20) },
];

function events(): FleetEvent[] {
  const nothing = {
    cause: null,
    collector: null,
    package: null,
    version: null,
    previous: null,
    check: null,
    name: null,
    severity: null,
  };
  const [asset, check] = [fixtures.assets[0], fixtures.checks[0]];
  const on = { assetId: asset?.assetId ?? null, hostname: asset?.hostname ?? null };
  const none = { assetId: null, hostname: null };
  return [
    {
      ...nothing,
      ...on,
      eventId: 'detection-1',
      at: fixtures.at(0),
      kind: 'detection',
      status: 'opened',
      cause: 'knowledge',
      check: check?.number ?? null,
      name: check?.name ?? null,
      severity: check?.severity ?? null,
      text: `${check?.name} is found: what is known changed`,
    },
    {
      ...nothing,
      ...on,
      eventId: 'package-1',
      at: fixtures.at(0),
      kind: 'package',
      status: 'upgraded',
      collector: 'dpkg',
      package: 'libssl3',
      version: '3.0.15-1~deb12u1',
      previous: '3.0.11-1~deb12u2',
      text: 'libssl3 3.0.11-1~deb12u2 became 3.0.15-1~deb12u1',
    },
    {
      ...nothing,
      ...none,
      eventId: 'upgrade-1',
      at: fixtures.at(0),
      kind: 'upgrade',
      status: 'rollout-started',
      version: '1.1.0',
      text: 'Roll-out of 1.1.0: started',
    },
  ];
}

/** Histories, settings and saved queries of the fixtures. */
export const historyHandlers = {
  listEvents: ({ empty, query }: MockRequest) => {
    const items = empty
      ? []
      : events().filter(({ kind }) => !query.get('query')?.includes('kind:') || query.get('query')?.includes(kind));
    const counts = Array.from({ length: Number(query.get('buckets') ?? 0) }, (_, place) => (place % 5) * items.length);
    return {
      total: items.length,
      items,
      next: null,
      from: fixtures.at(1),
      to: fixtures.at(0),
      kinds: [...eventKinds],
      isExact: true,
      chart:
        counts.length === 0
          ? null
          : {
              from: fixtures.at(1),
              stepSeconds: 86400 / counts.length,
              kinds: [
                {
                  kind: 'detection',
                  counts,
                },
              ],
            },
    };
  },
  getTrends: ({ empty }: MockRequest) => ({
    days: empty
      ? []
      : fixtures.dashboard().trend.map(({ at, open }, index) => {
          const changes = { new: (index * 7) % 11, reopened: index % 3, fixed: (index * 5) % 9 };
          return { at, open, risk: 420 - index * 9, ...changes };
        }),
    remediation: severities.map((severity) => ({
      severity,
      fixed: severity * 3,
      meanSeconds: severity * 86_400,
      measured: severity * 3,
    })),
    overdue: [
      { severity: 5, days: 7, query: 'severity:5 and firstFound:<now-7d', detections: 3 },
      { severity: 4, days: 60, query: 'severity:4 and firstFound:<now-60d', detections: null },
    ],
  }),
  getDeadlines: () => deadlines,
  setDeadlines: ({ body }: MockRequest) => (deadlines = body as Deadlines), // a mock trusts its test
  getTimeline: () => ({ items: timeline, more: false }),
  compareMoments: ({ query, empty }: MockRequest) => {
    const [search, offset] = [query.get('search')?.toLowerCase() ?? '', Number(query.get('offset') ?? 0)];
    const all = empty
      ? []
      : query.get('groupBy') === 'check'
        ? fixtures.checks
            .slice(0, 5)
            .map(({ number, name }, index) => ({ key: String(number), label: name, new: index, reopened: 0, fixed: 5 - index }))
        : fixtures.assets
            .slice(0, 5)
            .map(({ assetId, hostname }, index) => ({ key: assetId, label: hostname, new: index, reopened: 1, fixed: 2 }));
    const groups = all.filter(({ label }) => label.toLowerCase().includes(search));
    if (query.get('sort') === 'label') groups.sort((one, other) => (one.label < other.label ? -1 : 1));
    return {
      from: query.get('from'),
      to: query.get('to') ?? new Date(fixtures.now).toISOString(),
      changes: { new: 10, reopened: 5, fixed: 10 },
      groups: groups.slice(offset, offset + Number(query.get('limit') ?? 100)),
      total: groups.length,
    };
  },
  countDetections: ({ query }: MockRequest) => {
    const groups =
      query.get('groupBy') === 'check'
        ? fixtures.checks
            .slice(0, 5)
            .map(({ number, name }, index) => ({ key: String(number), label: name, detections: 9 - index, assets: 9 - index }))
        : severities.map((severity) => ({
            key: String(severity),
            label: String(severity),
            detections: severity * 4,
            assets: severity,
          }));
    return { groups, total: groups.length, next: null, detections: groups.reduce((sum, { detections }) => sum + detections, 0) };
  },
  listFieldValues: ({ query }: MockRequest) => {
    const values =
      query.get('field') === 'hostname'
        ? fixtures.assets.map(({ hostname }) => hostname)
        : fixtures.packages.map(([, name]) => name);
    return { items: values.filter((value) => value.startsWith(query.get('prefix') ?? '')).slice(0, 8) };
  },
  listSavedQueries: () => ({ items: saved }),
  saveQuery: ({ body }: MockRequest) => {
    const one = {
      ...saved[0]!,
      ...body,
      savedQueryId: crypto.randomUUID(),
      owner: 'admin',
      isOwn: true,
      changedAt: new Date(fixtures.now).toISOString(),
    }; // the first is never deleted
    saved = [...saved, one as SavedQuery];
    return one;
  },
  deleteSavedQuery: ({ params }: MockRequest) => {
    saved = saved.filter(({ savedQueryId }) => savedQueryId !== params['savedQueryId']);
    return { deleted: true };
  },
};
