import { type CheckForm, checkChanges } from '@vedette/matching';
import type { Check, CheckAffected, CheckChange } from '@vedette/protocol';
import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../db/schema.ts';

/** More changes of one check nobody reads at once. */
const maxChanges = 200;

export interface CheckHistory {
  readonly firstSeen: string;
  readonly lastChanged: string;
  /** Newest first. */
  readonly changes: CheckChange[];
}

/** What knowledge versions changed about a check, derived from the versions of it and of its statements; null for one never known. */
export async function loadCheckHistory(db: Kysely<Database>, number: number): Promise<CheckHistory | null> {
  const versions = await db
    .selectFrom('knowledgeCheck')
    .innerJoin('knowledgeVersion', 'knowledgeVersion.version', 'validFrom')
    .leftJoin('knowledgeVersion as ended', 'ended.version', 'validUntil')
    .select(['validFrom', 'validUntil', 'body', 'knowledgeVersion.importedAt', 'ended.importedAt as endedAt'])
    .where('number', '=', number)
    .orderBy('validFrom')
    .execute();
  const statements = await db.selectFrom('statement').selectAll().where('checkNumber', '=', number).orderBy('id').execute();
  const forms: CheckForm[] = versions.flatMap(({ validFrom, validUntil, body, importedAt, endedAt }, index) => {
    const affected = statements
      .filter((one) => one.validFrom <= validFrom && (one.validUntil ?? Infinity) > validFrom)
      .map(toAffected);
    const check = { ...(body as Check), affected }; // Written from a Check.
    const form = { knowledgeVersion: validFrom, at: importedAt.toISOString(), check };
    if (validUntil === null || !endedAt || versions[index + 1]?.validFrom === validUntil) return [form];
    return [form, { knowledgeVersion: validUntil, at: endedAt.toISOString(), check: null }];
  });
  const [first] = forms;
  if (!first) return null;
  const changes = checkChanges(forms).slice(0, maxChanges);
  return { firstSeen: first.at, lastChanged: changes[0]?.at ?? first.at, changes };
}

/** A statement as the check had it. */
export function toAffected(
  row: Omit<Selectable<Database['statement']>, 'id' | 'checkNumber' | 'validFrom' | 'validUntil'>,
): CheckAffected {
  const { status, introduced, fixed, advisory, feed, published, lastAffected, limit, versions, module, vendorState, patches } =
    row;
  const ecosystem = row.ecosystem as CheckAffected['ecosystem']; // Entered through Advisory's schema.
  const subject = { ecosystem, release: row.release, package: row.package };
  const bounds = { introduced, fixed, lastAffected, limit, versions };
  const posture = row.requires ? { requires: row.requires } : {};
  return { ...subject, status, ...bounds, module, vendorState, patches, ...posture, advisory, feed, published };
}
