import type { EventKindName, Permission } from '@vedette/protocol';
import type { Query } from '@vedette/query';
import type { Kysely, RawBuilder } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { EventOrder, OrderValue } from './event-order.ts';

/** From which stretch of time and of which organization events are wanted. */
export interface EventScope {
  readonly organizationId: string;
  /** From this moment up to, not including, the other. */
  readonly from: Date;
  readonly to: Date;
  readonly now: Date;
  /** An agent that was not heard of for so many seconds is silent. */
  readonly silentAfter: number;
}

export interface EventQuestion extends EventScope {
  /** Null for all. */
  readonly query: Query | null;
  /** Numbers of the assets that fit the nested parts of the query, as the database counts them. */
  readonly fitting: (part: Query) => readonly number[];
}

/** An event as its kind gives it. Times in ms since 1970. */
export interface EventRow {
  readonly at: number;
  /** Where it stands among those of its kind and moment; the same whenever it is asked for. */
  readonly key: string;
  /** Names it among those of its kind, moment and asset. */
  readonly ref: string;
  readonly status: string;
  readonly cause: string | null;
  readonly assetId: string | null;
  readonly collector: string | null;
  readonly package: string | null;
  readonly version: string | null;
  readonly previous: string | null;
  readonly checkNumber: number | null;
  readonly name: string | null;
  readonly severity: number | null;
  /** For `describe`. */
  readonly detail: Readonly<Record<string, unknown>> | null;
  readonly value: OrderValue;
}

/** Some of the events of a kind. */
export interface EventPart {
  readonly order: EventOrder;
  readonly behind: Behind | null;
  readonly limit: number;
  /** Where it is known that the database need not look at others: ids of the assets on which they happened. */
  readonly assetIds?: readonly string[] | undefined;
}

/** Assets by their ids, and whether it also happened on none. */
export interface Happened {
  readonly assetIds: readonly string[];
  readonly onNone: boolean;
}

/**
 * Where to go on in an order: behind a value, and of those with that value behind a moment, and of that moment those that were not told yet:
 * all, none, or those whose key comes later.
 */
export interface Behind {
  readonly value: OrderValue;
  readonly at: number;
  readonly told: 'all' | 'none' | { readonly upTo: string };
}

/** Stretches in which events are counted. */
export interface Buckets {
  readonly from: number;
  readonly stepMs: number;
  readonly count: number;
}

/** Where a kind of event comes from: something that is stored anyway. Later products add theirs here. */
export interface EventKind {
  readonly name: EventKindName;
  /** Who may not, sees none. */
  readonly needs: Permission;
  /** The moment of the last event on a page by time, before that is asked for up to there alone; null where there are fewer. */
  reach?(sources: EventSources, question: EventQuestion, part: EventPart): Promise<number | null>;
  /** On which assets anything happened, before a page by name is asked for on some of them. */
  happened?(sources: EventSources, question: EventQuestion): Promise<Happened>;
  /** In an order, but for that of kinds; at most so many behind a place. */
  page(sources: EventSources, question: EventQuestion, part: EventPart): Promise<EventRow[]>;
  /** How many fall into each bucket; null where counting them takes too long. */
  count(sources: EventSources, question: EventQuestion, buckets: Buckets): Promise<number[] | null>;
  /** Each in one line, in their order. */
  describe(sources: EventSources, scope: EventScope, rows: readonly EventRow[]): Promise<readonly string[]>;
}

export interface EventSources {
  readonly db: Kysely<Database>;
  readonly fleetIndex: { current(organizationId: string): Promise<OrganizationIndex> };
}

/**
 * A relation of events with the columns of EventRow in snake_case, `asset_number` and `hostname`, but for `at`, which is a timestamp; bounded
 * by the scope's times. It joins assets from the left for these two alone: where neither is asked for, the database does not look at them.
 */
export type EventRelation = RawBuilder<unknown>;
