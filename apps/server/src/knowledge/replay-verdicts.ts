import { canonicalText, evidenceTexts, judgeEvidence, plainStatement, type Verdict } from '@vedette/matching';
import { type CheckAffected, Evidence, type ReplayDifference, type ReplayReport } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { toElement } from './judge-package-versions.ts';
import { sha256 } from './record-evidence.ts';

export interface ReplayScope {
  readonly organizationId: string;
  readonly assetId?: string | undefined;
  readonly check?: number | undefined;
  readonly since?: string | undefined;
  /** `next` of the answer before. */
  readonly after?: string | undefined;
}

/** Judged again in a second or two; an answer must not keep others waiting longer. */
const perAnswer = 20_000;

type Row = Selectable<Database['packageVersion']> &
  Omit<Selectable<Database['verdict']>, 'fixed'> & {
    readonly verdictFixed: string | null;
    /** Of the statements stored; null without evidence. */
    readonly hash: Buffer | null;
    readonly statements: string | null;
    /** The statement that is shown as the deciding one. */
    readonly shown: CheckAffected;
  };

/**
 * Judges stored verdicts again, each from its own evidence alone, and lists those that do not come out byte for byte. Only verdicts on
 * package versions that the organization's assets have or had.
 */
export async function replayVerdicts(db: Kysely<Database>, scope: ReplayScope): Promise<ReplayReport> {
  const rows = await loadVerdicts(db, scope);
  // Many verdicts share what they considered.
  const known = new Map<number, readonly CheckAffected[] | null>();
  const differing = rows.flatMap((row) => {
    const { consideredId, statements, hash } = row;
    if (consideredId !== null && statements !== null && hash && !known.has(consideredId))
      known.set(consideredId, sha256(statements).equals(hash) ? readConsidered(statements) : null);
    return replay(row, consideredId === null ? undefined : known.get(consideredId)) ?? [];
  });
  const last = rows.length === perAnswer ? rows.at(-1) : undefined;
  const next = last ? `${last.packageVersionId}.${last.checkNumber}.${last.validFrom}` : null;
  return { verdicts: rows.length, same: rows.length - differing.length, differing, next };
}

/** The statements of a record as they are stored; null for a text that is none, which only a damaged database holds. */
export function readConsidered(text: string): readonly CheckAffected[] | null {
  try {
    return Evidence.shape.statements.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // no JSON
  }
}

/** Null where the same bytes came out. `statements`: null where they are damaged, undefined where none were stored. */
function replay(row: Row, statements: readonly CheckAffected[] | null | undefined): ReplayDifference | null {
  const difference = (
    problem: ReplayDifference['problem'],
    detail: string,
    replayed: Buffer | null = null,
  ): ReplayDifference => ({
    check: row.checkNumber,
    package: row.name,
    version: row.version,
    knowledgeVersion: row.validFrom,
    problem,
    stored: row.evidenceHash?.toString('hex') ?? null,
    replayed: replayed?.toString('hex') ?? null,
    detail,
  });
  if (statements === undefined || row.evidenceHash === null)
    return difference('unrecorded', 'judged before evidence was recorded; the next change of its check records it');
  if (statements === null) return difference('damaged', 'the stored statements are not those that their hash names');
  const element = toElement(row);
  const verdict = element && judgeEvidence({ check: row.checkNumber, element, statements });
  if (!verdict) return difference('differs', 'the rules give no verdict for what is stored');
  const hash = sha256(evidenceTexts(verdict).record);
  const outcome = outcomeDifference(row, verdict);
  if (!hash.equals(row.evidenceHash)) {
    const detail = outcome ?? 'the verdict is the same; what it was made from, or how, is not';
    return difference('differs', detail, hash);
  }
  return outcome === null ? null : difference('outcome', outcome, hash);
}

/** What is shown of the verdict and is not what the evidence says: stored → replayed. */
function outcomeDifference(row: Row, verdict: Verdict): string | null {
  const fixed = verdict.statement.status === 'fixed' ? verdict.statement.fixed : null;
  const pairs = [
    ['verdict', 'affected', verdict.verdict],
    ['confidence', row.confidence, verdict.confidence],
    ['fixed', row.verdictFixed ?? 'none', fixed ?? 'none'],
    ['statement', canonicalText(plainStatement(row.shown)), canonicalText(plainStatement(verdict.statement))],
  ];
  const [first] = pairs.filter(([, stored, replayed]) => stored !== replayed);
  return first ? `${first[0]}: ${first[1]} → ${first[2]}` : null;
}

async function loadVerdicts(db: Kysely<Database>, scope: ReplayScope): Promise<Row[]> {
  const { organizationId, assetId, check, since, after } = scope;
  const { rows } = await sql<Row>`
    select package_version.*, verdict.package_version_id, verdict.check_number, verdict.valid_from, verdict.valid_until, verdict.from_at,
      verdict.until_at, verdict.statement_id, verdict.confidence, verdict.fixed as verdict_fixed, verdict.considered_id,
      verdict.evidence_hash, considered.hash, considered.statements,
      json_build_object('ecosystem', statement.ecosystem, 'release', statement.release, 'package', package, 'status', status,
        'introduced', introduced, 'fixed', statement.fixed, 'advisory', advisory, 'feed', feed, 'published', published,
        'lastAffected', last_affected, 'limit', "limit", 'versions', versions, 'module', statement.module, 'vendorState', vendor_state,
        'patches', patches, 'requires', requires
      ) as shown
    from verdict
    join package_version on package_version.id = verdict.package_version_id
    join statement on statement.id = verdict.statement_id
    left join considered on considered.id = verdict.considered_id
    where verdict.package_version_id in (
        select package_version_id from presence
        where organization_id = ${organizationId} ${assetId === undefined ? sql`` : sql`and asset_id = ${assetId}`})
      ${check === undefined ? sql`` : sql`and verdict.check_number = ${check}`}
      ${since === undefined ? sql`` : sql`and verdict.from_at >= ${since}::timestamptz`}
      ${
        after === undefined
          ? sql``
          : sql`and (verdict.package_version_id, verdict.check_number, verdict.valid_from) > (${sql.join(after.split('.').map(Number))})`
      }
    order by verdict.package_version_id, verdict.check_number, verdict.valid_from
    limit ${perAnswer}`.execute(db);
  return rows;
}
