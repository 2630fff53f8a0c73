import type { Asset, Check, CheckSummary, Detection, FleetEvent } from '@vedette/protocol';
import type { EntityName, Thing } from '@vedette/query';
import type { TestCaller } from './people-world.ts';
import type { Installed, TrueMachine } from './random-fleet.ts';
import { answersTo } from './told-server.ts';
import type { TestServer } from './test-server.ts';

/** By which a thing of a list is told from the others. */
export type Key = string;

/** Each thing with all fields that can be asked for, as lists without a query and the fleet itself tell of them. */
export type Things = Readonly<Record<EntityName, ReadonlyMap<Key, Thing>>>;

type Value = Thing[string];
type Readers<Item> = Readonly<Record<string, (item: Item) => Value>>;

interface AssetItem {
  readonly asset: Asset;
  readonly truth: TrueMachine;
  readonly tags: readonly string[];
  readonly detections: readonly Thing[];
}
interface DetectionItem {
  readonly one: Detection;
  readonly release: string;
  readonly intervals: readonly { readonly from: string; readonly until: string | null }[];
  /** The moment until which anything is known. */
  readonly until: number;
  readonly asset: readonly Thing[];
}
interface CheckItem {
  readonly summary: CheckSummary;
  readonly affected: Check['affected'];
}

const assetReaders: Readers<AssetItem> = {
  hostname: ({ asset }) => asset.hostname,
  assetId: ({ asset }) => asset.assetId,
  os: ({ asset }) => asset.os,
  ecosystem: () => 'debian',
  release: ({ asset }) => asset.release,
  architecture: ({ asset }) => asset.architecture,
  state: ({ asset }) => asset.state,
  tag: ({ tags }) => tags,
  agentVersion: ({ asset }) => asset.agentVersion,
  activationKey: ({ truth }) => truth.activationKeyId,
  pendingRestart: ({ asset }) => asset.pendingRestart,
  packages: ({ truth }) => truth.installed.length,
  unassessed: ({ asset }) => asset.unassessed,
  risk: ({ asset }) => asset.risk,
  critical: ({ asset }) => asset.detections.critical,
  high: ({ asset }) => asset.detections.high,
  medium: ({ asset }) => asset.detections.medium,
  low: ({ asset }) => asset.detections.low,
  informational: ({ asset }) => asset.detections.informational,
  firstSeen: ({ asset }) => Date.parse(asset.firstSeen),
  lastSeen: ({ asset }) => Date.parse(asset.lastSeen),
  lastScan: ({ asset }) => momentOf(asset.lastScan),
  software: ({ truth }) => truth.installed.map((one): Thing => ({ ...one })),
  detection: ({ detections }) => detections,
};

const detectionReaders: Readers<DetectionItem> = {
  check: ({ one }) => one.check,
  name: ({ one }) => one.name,
  severity: ({ one }) => one.severity,
  confidence: ({ one }) => one.confidence,
  kind: ({ one }) => one.kind,
  status: ({ one }) => one.status,
  firstFound: ({ one }) => Date.parse(one.firstFound),
  fixedAt: ({ one }) => momentOf(one.fixedAt),
  // With when it was: see openAmong.
  openAt: ({ intervals }) => intervals.flatMap(({ from, until }) => [Date.parse(from), Date.parse(until ?? from)]),
  kev: ({ one }) => one.kevSince !== null && one.confidence === 'confirmed',
  cvss: ({ one }) => one.cvssScore,
  epss: ({ one }) => one.epssScore,
  risk: ({ one }) => one.risk,
  exception: ({ one }) => isExcepted(one),
  exceptionId: ({ one }) => (isExcepted(one) ? (one.exception?.exceptionId ?? null) : null),
  fixable: ({ one }) => one.packages.some(({ fixed }) => fixed !== null),
  upgrade: ({ one, release }) => upgradeOf(one, release),
  package: ({ one }) => one.packages.flatMap(({ name, source }) => [name, source]),
  software: ({ one, release }) =>
    one.packages.map(({ name, installed, source, architecture }): Thing => {
      const where = one.kind === 'posture' ? { ecosystem: 'posture', release: '' } : { ecosystem: 'debian', release };
      return { name, version: installed, source, architecture, ...where };
    }),
  asset: ({ asset }) => asset,
};

const checkReaders: Readers<CheckItem> = {
  check: ({ summary }) => summary.number,
  name: ({ summary }) => summary.name,
  alias: ({ summary }) => summary.aliases,
  title: ({ summary }) => summary.posture?.title ?? null,
  severity: ({ summary }) => summary.severity,
  cvss: ({ summary }) => summary.cvssScore,
  epss: ({ summary }) => summary.epss?.score ?? null,
  kev: ({ summary }) => summary.kevSince !== null,
  patchable: ({ summary }) => summary.patchable,
  published: ({ summary }) => momentOf(summary.published),
  modified: ({ summary }) => momentOf(summary.modified ?? null),
  package: ({ affected }) => affected.map((one) => one.package),
  ecosystem: ({ affected }) => affected.map(({ ecosystem }) => ecosystem),
  assets: ({ summary }) => summary.openAssets,
};

const softwareReaders: Readers<Installed> = {
  name: ({ name }) => name,
  version: ({ version }) => version,
  source: ({ source }) => source,
  ecosystem: ({ ecosystem }) => ecosystem,
  release: ({ release }) => release,
  architecture: ({ architecture }) => architecture,
};

const eventReaders: Readers<{ readonly event: FleetEvent; readonly asset: readonly Thing[] }> = {
  kind: ({ event }) => event.kind,
  status: ({ event }) => event.status,
  cause: ({ event }) => event.cause,
  at: ({ event }) => Date.parse(event.at),
  collector: ({ event }) => event.collector,
  package: ({ event }) => event.package,
  version: ({ event }) => event.version,
  previous: ({ event }) => event.previous,
  check: ({ event }) => event.check,
  name: ({ event }) => event.name,
  severity: ({ event }) => event.severity,
  asset: ({ asset }) => asset,
};

/** The fields that things have here: those of the query language, and no others. */
export const knownFields: Readonly<Record<EntityName, readonly string[]>> = {
  asset: Object.keys(assetReaders),
  detection: Object.keys(detectionReaders),
  check: Object.keys(checkReaders),
  software: Object.keys(softwareReaders),
  event: Object.keys(eventReaders),
};

/** Asks for lists without a query, and makes things of them; of what is fixed and of what an exception covers, too. */
export async function collectThings(
  server: TestServer,
  { headers }: TestCaller,
  { machines, begin }: { readonly machines: readonly TrueMachine[]; readonly begin: Date },
): Promise<Things> {
  const get = async <Reply>(path: string): Promise<Reply> => (await answersTo(server, headers, [path]))[0]?.[1] as Reply; // as its endpoint has it
  const list = async <Item>(path: string): Promise<Item[]> => (await get<{ items: Item[] }>(path)).items;
  const assets = await list<Asset>('/assets?limit=500');
  const releases = new Map<string, string>(assets.map(({ assetId, release }) => [assetId, release]));
  const found = await list<Detection>('/detections?status=all&exception=with&limit=500');
  const items: DetectionItem[] = [];
  for (const one of found) {
    const { intervals } = await get<Pick<DetectionItem, 'intervals'>>(`/assets/${one.assetId}/detections/${one.check}`);
    items.push({ one, intervals, release: releases.get(one.assetId) ?? '', until: server.clock.now.getTime(), asset: [] });
  }
  const detectionsOf = (assetId: string): Thing[] =>
    items.filter(({ one }) => one.assetId === assetId).map((item) => detectionThing(item));
  const byId = new Map<Key, Thing>();
  for (const asset of assets) {
    const truth = machines.find(({ agent }) => agent.assetId === asset.assetId);
    if (!truth) throw new Error(`no machine ${asset.assetId}`);
    const tags = await list<{ name: string; byHand: boolean; fits: boolean }>(`/assets/${asset.assetId}/tags`);
    const own = tags.filter(({ byHand, fits }) => byHand || fits).map(({ name }) => name);
    byId.set(asset.assetId, thingOf(assetReaders, { asset, truth, tags: own, detections: detectionsOf(asset.assetId) }));
  }
  const assetOf = (assetId: string | null): Thing[] => [byId.get(assetId ?? '') ?? []].flat();
  const checks = new Map<Key, Thing>();
  for (const summary of await list<CheckSummary>('/checks?limit=500')) {
    const { check } = await get<{ check: Check }>(`/checks/${summary.number}`);
    checks.set(String(summary.number), thingOf(checkReaders, { summary, affected: check.affected }));
  }
  const events = await list<FleetEvent>(`/events?limit=500&from=${begin.toISOString()}`);
  return {
    asset: byId,
    detection: new Map(
      items.map((item) => [
        `${item.one.assetId} ${item.one.check}`,
        detectionThing({ ...item, asset: assetOf(item.one.assetId) }),
      ]),
    ),
    check: checks,
    // Those of other architectures are one line of the list, and things of their own.
    software: new Map(
      machines.flatMap(({ installed }) =>
        installed.map((one) => [`${softwareKey(one)} ${one.architecture}`, thingOf(softwareReaders, one)] as const),
      ),
    ),
    event: new Map(events.map((event) => [event.eventId, thingOf(eventReaders, { event, asset: assetOf(event.assetId) })])),
  };
}

/** Times of which there are too many to be listed. */
const openDuring = 'open during';

function detectionThing(item: DetectionItem): Thing {
  const during = item.intervals.map(({ from, until }) => ({ from: Date.parse(from), until: momentOf(until) ?? item.until }));
  return { ...thingOf(detectionReaders, item), [openDuring]: during };
}

/** A detection, or what has detections, with those of the moments at which it was open, and those since which it was. */
export function openAmong(thing: Thing, moments: readonly number[]): Thing {
  const during = thing[openDuring] as readonly { readonly from: number; readonly until: number }[] | undefined; // as detectionThing has it
  if (during) {
    const all = [...moments, ...during.map(({ from }) => from)];
    return { ...thing, openAt: all.filter((at) => during.some(({ from, until }) => from <= at && at < until)) };
  }
  const detections = thing['detection'] as readonly Thing[] | undefined; // it holds things
  return detections ? { ...thing, detection: detections.map((one) => openAmong(one, moments)) } : thing;
}

export function softwareKey({ name, version, ecosystem, release }: Omit<Installed, 'source' | 'architecture'>): Key {
  return [name, version, ecosystem, release].join(' ');
}

function thingOf<Item>(readers: Readers<Item>, item: Item): Thing {
  return Object.fromEntries(Object.entries(readers).map(([name, read]) => [name, read(item)]));
}

function momentOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

function isExcepted({ status, exception }: Detection): boolean {
  return status !== 'fixed' && exception !== null;
}

/** The one upgrade that takes all of its packages away; none where that of another package is needed, too. */
function upgradeOf(one: Detection, release: string): string | null {
  const [first, ...others] = new Set(one.packages.map(({ source, fixed }) => (fixed === null ? null : source)));
  const isOne = typeof first === 'string' && others.length === 0 && one.status !== 'fixed' && !isExcepted(one);
  return isOne ? `debian ${release} ${first}` : null;
}
