import { postureEcosystem, type Software, type SoftwareSorting, type SortDirection } from '@vedette/protocol';
import { parseQuery, type Query } from '@vedette/query';
import type { Context } from '../context.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { SoftwareVersion, SoftwareVersions } from '../fleet-index/software-versions.ts';
import { holds } from '../fleet-index/verdict-book.ts';
import { ApiError } from '../http/api-error.ts';
import { readPlace, writePlace } from '../http/list-cursor.ts';
import { readQuery } from '../query/read-query.ts';
import { findPackageVersions } from '../query/software-query.ts';
import { versionText } from './version-text.ts';

export interface SoftwareQuery {
  readonly organizationId: string;
  /** In the query language. */
  readonly query?: string | undefined;
  readonly search?: string | undefined;
  readonly sort: SoftwareSorting;
  readonly direction: SortDirection;
  readonly now: Date;
  /** A moment of the past. */
  readonly asOf?: string | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly after?: string | undefined;
}

export interface SoftwareList {
  readonly total: number;
  readonly items: Software[];
  readonly next: string | null;
}

/** A version of a package of a release, on whatever architectures and in whatever role. */
interface Group {
  readonly software: SoftwareVersion;
  readonly ids: number[];
  readonly assets: number;
  readonly key: string;
}

/** By what lists are sorted: first the value, then the key. */
interface Ordered {
  readonly value: number | string;
  readonly key: string;
}

/**
 * Package versions that are, or at a moment were, installed, and on how many assets. Throws ApiError BAD_REQUEST for a query that cannot be understood,
 * UNAVAILABLE while the fleet index is being built.
 */
export async function findSoftware(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  wish: SoftwareQuery,
): Promise<SoftwareList> {
  const { query, asOf } = readWish(wish);
  const ids = await findPackageVersions(db, query);
  await fleetIndex.software.load(db, ids);
  const index = await fleetIndex.at(wish.organizationId, asOf);
  const groups = groupsOf(index, ids, fleetIndex.software);
  const direction = wish.direction === 'descending' ? -1 : 1;
  const compare = (a: Ordered, b: Ordered): number =>
    direction * (compareValues(a.value, b.value) || compareValues(a.key, b.key));
  const order = `${wish.sort} ${wish.direction}`;
  const type = isOfText(wish.sort) ? 'text' : 'number';
  const after = wish.after === undefined ? null : readPlace(wish.after, order, [type, 'text']);
  const place = after && { value: after[0] ?? 0, key: String(after[1]) };
  const all = groups.map((group) => ({ ...group, value: valueOf(index, wish.sort, group) }));
  const sorted = all.filter((group) => !place || compare(group, place) > 0).sort(compare);
  const page = sorted.slice(wish.offset, wish.offset + wish.limit);
  const last = sorted.length > wish.offset + wish.limit ? page.at(-1) : undefined;
  return {
    total: groups.length,
    items: page.map(({ software: { name, version, ecosystem, release, source }, ids, assets }) => {
      return { name, version, ecosystem, release, source, assets, detections: countDetections(index, ids) };
    }),
    next: last ? writePlace(order, [last.value, last.key]) : null,
  };
}

function isOfText(sort: SoftwareSorting): boolean {
  return sort === 'version' || sort === 'ecosystem' || sort === 'source';
}

function valueOf(index: OrganizationIndex, sort: SoftwareSorting, { software, ids, assets }: Group): number | string {
  switch (sort) {
    case 'name':
      return 0;
    case 'assets':
      return -assets;
    case 'detections':
      return -countDetections(index, ids);
    case 'version':
      return `${software.ecosystem}\n${versionText(software)}`;
    case 'ecosystem':
      return `${software.ecosystem}\n${software.release}`;
    case 'source':
      return software.source;
  }
}

function compareValues(a: number | string, b: number | string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function readWish({ query: text, search, now, asOf: beside }: SoftwareQuery): {
  readonly query: Query;
  readonly asOf: Date | null;
} {
  const { query, asOf } = readQuery(text, 'software', now);
  const moment = asOf ?? (beside === undefined ? null : Date.parse(beside));
  if (search?.includes('\0')) throw new ApiError('BAD_REQUEST', 'query.search: no text holds the character 0');
  // What probes read is kept like packages, and is none.
  const isPackage = parseQuery(`not ecosystem:${postureEcosystem}`, 'software', 0).query;
  const searched = search?.trim()
    ? parseQuery(`"${search.trim().replaceAll(/["\\]/g, String.raw`\$&`)}"`, 'software', 0).query
    : null;
  return {
    query: { kind: 'and', parts: [isPackage, searched, query].filter((part) => part !== null) },
    asOf: moment === null || moment >= now.getTime() ? null : new Date(moment),
  };
}

function groupsOf({ packages }: OrganizationIndex, ids: readonly number[], known: SoftwareVersions): Group[] {
  const byKey = new Map<string, { readonly software: SoftwareVersion; readonly ids: number[] }>();
  for (const id of ids) {
    const software = known.of(id);
    if (!software) continue;
    const group = byKey.get(software.key);
    if (group) group.ids.push(id);
    else byKey.set(software.key, { software, ids: [id] });
  }
  return [...byKey].flatMap(([key, { software, ids: own }]) => {
    const assets = packages.countWithAny(own);
    return assets > 0 ? [{ software, ids: own, assets, key }] : [];
  });
}

/** Open detections that these package versions make true. Many checks speak of the very same ones: these are counted once. */
function countDetections({ book, packages }: OrganizationIndex, ids: readonly number[]): number {
  const byPlace = new Map<number, number[]>();
  for (const id of ids) {
    for (const verdict of book.verdictsOn(id)) {
      if (!holds(verdict)) continue;
      const known = byPlace.get(verdict.place);
      if (!known) byPlace.set(verdict.place, [id]);
      else if (!known.includes(id)) known.push(id);
    }
  }
  const checks = new Map<string, { readonly same: number[]; count: number }>();
  for (const same of byPlace.values()) {
    const entry = checks.get(same.join()) ?? { same, count: 0 };
    checks.set(same.join(), entry);
    entry.count += 1;
  }
  return [...checks.values()].reduce((sum, { same, count }) => sum + count * packages.countWithAny(same), 0);
}
