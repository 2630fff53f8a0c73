import type { EventKindName, Permission } from '@vedette/protocol';
import type { EventKind, EventQuestion, EventRelation, EventRow, EventScope, EventSources } from './event-kind.ts';
import { assetsOfRelation, countRelation, pageOfRelation, reachOfRelation } from './sql-events.ts';

/** A kind of event that the database tells. `relation`: see EventRelation; whatever of the question it does not use is asked of it afterwards. */
export function sqlKind(kind: {
  readonly name: EventKindName;
  readonly needs: Permission;
  readonly relation: (question: EventQuestion) => EventRelation;
  readonly describe: (
    sources: EventSources,
    scope: EventScope,
    rows: readonly EventRow[],
  ) => Promise<readonly string[]> | readonly string[];
}): EventKind {
  const { name, needs, relation } = kind;
  return {
    name,
    needs,
    reach: ({ db }, question, part) => reachOfRelation(db, { kind: name, relation: relation(question), question }, part),
    happened: ({ db }, question) => assetsOfRelation(db, { kind: name, relation: relation(question), question }),
    page: ({ db }, question, part) => pageOfRelation(db, { kind: name, relation: relation(question), question }, part),
    count: ({ db }, question, buckets) => countRelation(db, { kind: name, relation: relation(question), question }, buckets),
    describe: async (sources, scope, rows) => kind.describe(sources, scope, rows),
  };
}
