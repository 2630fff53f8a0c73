import { compileTest, foldQuery, type Scalar } from '@vedette/query';
import type { AssetTable } from '../fleet-index/asset-table.ts';
import type { EventQuestion } from './event-kind.ts';
import { certain } from './sql-events.ts';

/** Whether an event fits, on an asset by its dense number, or on any asset: null where that depends. */
export type Fits<Event> = (event: Event, asset: number | null) => boolean | null;

/** What the question asks for, of events that no database looks at; `fieldOf` says what an event has, null where its kind never has it. */
export function compileQuestion<Event>(
  { query, fitting }: EventQuestion,
  table: AssetTable,
  fieldOf: (event: Event, field: string) => Scalar,
): Fits<Event> {
  if (!query) return () => true;
  return foldQuery<Fits<Event>>(query, {
    all: (parts) => (event, asset) => certain.all(parts.map((part) => part(event, asset))),
    any: (parts) => (event, asset) => certain.any(parts.map((part) => part(event, asset))),
    not: (part) => (event, asset) => certain.not(part(event, asset)),
    test: ({ name }, test) => {
      const passes = compileTest(test);
      return (event) => passes(fieldOf(event, name));
    },
    nested: (_, part) => {
      const isAmong = new Uint8Array(table.assets.length);
      for (const number of fitting(part)) isAmong[table.find(number) ?? isAmong.length] = 1;
      return (__, asset) => (asset === null ? null : isAmong[asset] === 1);
    },
  });
}
