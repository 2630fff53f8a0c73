import type { Query } from '@vedette/query';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import { loadDecisions } from '../decisions/decisions.ts';
import type { Database } from '../db/schema.ts';
import { coveredSql } from '../exceptions/exception-sql.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { ApiError } from '../http/api-error.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { detectionCondition } from '../query/detection-condition.ts';
import { speaksOfException, speaksOfFixed } from '../query/detection-query.ts';
import { readQuery } from '../query/read-query.ts';

export interface ReportAsset {
  readonly assetId: string;
  readonly hostname: string;
  readonly os: string;
}

export interface ScopeWish {
  readonly organizationId: string;
  readonly asOf: Date;
  /** Asset queries, all of which an asset has to fit. */
  readonly assets: readonly string[];
  readonly detections: string | undefined;
}

export interface ReportAbout {
  /** By their names, and those of one name by their ids. */
  readonly assets: readonly ReportAsset[];
  /** Null where all detections are wanted. */
  readonly where: RawBuilder<boolean> | undefined;
  /** Open ones, unless the query speaks of others. */
  readonly status: 'open' | 'all';
}

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'config'>;

/**
 * Which assets and detections a report is about. Assets that were there at the moment, by what they are now: their names, systems and
 * tags have no history. Throws ApiError BAD_REQUEST for a query that cannot be understood, UNAVAILABLE while the fleet index is built.
 */
export async function resolveScope(sources: Sources, wish: ScopeWish): Promise<ReportAbout> {
  const { db } = sources;
  const { organizationId, asOf, detections } = wish;
  const { rows } = await sql<ReportAsset>`
    select id as asset_id, hostname, os from asset where ${await inScope(sources, wish)}
    order by hostname collate "C", id`.execute(db);
  const about = await resolveQuery(sources, { organizationId, asOf, detections });
  return { assets: rows, where: about.where, status: about.speaksOfFixed ? 'all' : 'open' };
}

/** How many assets a report would be about. Throws as resolveScope. */
export async function countScope(sources: Sources, wish: Omit<ScopeWish, 'detections'>): Promise<number> {
  const { rows } = await sql<{ assets: number }>`
    select count(*)::integer as assets from asset where ${await inScope(sources, wish)}`.execute(sources.db);
  return rows[0]?.assets ?? 0;
}

async function inScope(sources: Sources, wish: Omit<ScopeWish, 'detections'>): Promise<RawBuilder<boolean>> {
  const numbers = await resolveNumbers(sources, wish);
  const isOfThem = numbers === null ? sql`true` : sql`number = any(${`{${numbers.join()}}`}::integer[])`;
  return sql<boolean>`organization_id = ${wish.organizationId} and first_seen <= ${wish.asOf} and ${isOfThem}`;
}

/** A query about detections as a condition; without what an exception covers, unless it asks for that. Throws as resolveScope. */
export async function resolveQuery(
  sources: Sources,
  { organizationId, asOf, detections }: Omit<ScopeWish, 'assets'>,
): Promise<{ where: RawBuilder<boolean>; speaksOfFixed: boolean }> {
  const { query } = readMoment(detections, 'detection', asOf);
  const { silence } = sources.config;
  const decisions = await loadDecisions(sources, { organizationId, silence, asOf }, asOf);
  const uncovered = sql<boolean>`not ${coveredSql(decisions, organizationId)}`;
  if (!query) return { where: uncovered, speaksOfFixed: false };
  const nested = new Map<Query, readonly number[]>();
  for (const part of nestedParts(query)) nested.set(part, await numbersOf(sources, part, { organizationId, asOf }));
  const fits = detectionCondition(query, (part) => nested.get(part) ?? [], { decisions, organizationId, asOf });
  const where = speaksOfException(query) ? fits : sql<boolean>`(${fits} and ${uncovered})`;
  return { where, speaksOfFixed: speaksOfFixed(query) };
}

/** Assets that fit all of these queries, as the database counts them; null where none says anything. Throws as resolveScope. */
export async function resolveNumbers(
  sources: Sources,
  { organizationId, asOf, assets }: Omit<ScopeWish, 'detections'>,
): Promise<number[] | null> {
  let chosen: number[] | null = null;
  for (const text of assets) {
    const { query } = readMoment(text, 'asset', asOf);
    if (!query) continue;
    const numbers = new Set(await numbersOf(sources, query, { organizationId, asOf }));
    chosen = (chosen ?? [...numbers]).filter((number) => numbers.has(number));
  }
  return chosen;
}

/** The assets that fit a query, as the database counts them. */
async function numbersOf(
  { db, fleetIndex, config }: Sources,
  query: Query,
  { organizationId, asOf }: { organizationId: string; asOf: Date },
): Promise<number[]> {
  const select = await prepareAssets(db, query, { organizationId, asOf, silence: config.silence });
  const index = await fleetIndex.current(organizationId);
  const assets = select(index);
  const numbers = toNumbers(index, assets);
  assets.dispose();
  return numbers;
}

function toNumbers({ table }: OrganizationIndex, assets: RoaringBitmap32): number[] {
  return Array.from(assets.toUint32Array(), (asset) => table.assets[asset]?.number ?? 0);
}

/** Throws ApiError BAD_REQUEST for a query with a moment of its own: a report has one. */
export function readMoment(text: string | undefined, about: 'asset' | 'detection', asOf: Date) {
  const read = readQuery(text, about, asOf);
  if (read.asOf !== null) throw new ApiError('BAD_REQUEST', 'query: the moment of a report is its asOf, not one in the query');
  return read;
}

/** What is asked of the assets. */
function nestedParts(query: Query): Query[] {
  if (query.kind === 'and' || query.kind === 'or') return query.parts.flatMap(nestedParts);
  if (query.kind === 'not') return nestedParts(query.part);
  return query.kind === 'nested' ? [query.part] : [];
}

/** Name of an organization. */
export async function organizationName(db: Kysely<Database>, organizationId: string): Promise<string> {
  const row = await db.selectFrom('organization').select('name').where('id', '=', organizationId).executeTakeFirst();
  return row?.name ?? '';
}
