import type { VexJustification, VexStatus } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type PurlParts, purlNames } from './package-purl.ts';
import { readVex, type VexDocument, type VexStatement } from './read-vex.ts';

export interface ImportedException {
  readonly query: string;
  readonly anyVersion: false;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly reason: string;
  readonly comment: string;
  readonly source: VexDocument['source'];
  readonly checks: ReadonlyMap<number, ReadonlySet<number>>;
}

/** A package version on which a check is true. */
interface Affected extends PurlParts {
  readonly check: number;
  readonly id: number;
}

/**
 * Exceptions that a VEX document asks for: each statement about a vulnerability that we have a check for, on those of its products that
 * are installed somewhere, as far as no later statement is about the same. A statement without products is about everything the check
 * finds; one that says something is affected asks for none. Throws ApiError BAD_REQUEST as readVex does.
 */
export async function readVexExceptions(
  db: Kysely<Database>,
  document: unknown,
  installed: () => Promise<(packageVersion: number) => boolean>,
): Promise<{ asked: ImportedException[]; skipped: { vulnerability: string; why: string }[] }> {
  const { source, statements } = readVex(document);
  const affectedBy = await findAffected(db, new Set(statements.flatMap(({ names }) => names)), await installed());
  const asked: ImportedException[] = [];
  const skipped: { vulnerability: string; why: string }[] = [];
  const spokenOf = new Set<string>();
  for (const statement of statements.toReversed()) {
    const about = whatItIsAbout(statement, affectedBy, spokenOf);
    if (typeof about === 'string') skipped.unshift({ vulnerability: statement.names[0] ?? 'unnamed', why: about });
    else asked.unshift(exceptionFor(statement, source, about));
  }
  return { asked, skipped };
}

/** Package versions by check, or why there are none. */
function whatItIsAbout(
  { names, products, status }: VexStatement,
  affectedBy: ReadonlyMap<string, readonly Affected[]>,
  spokenOf: Set<string>,
): ReadonlyMap<number, ReadonlySet<number>> | string {
  if (status === null) return 'it states nothing that we know';
  const affected = [...new Set(names)].flatMap((name) => affectedBy.get(name) ?? []);
  if (affected.length === 0) return 'no check of that name finds anything here';
  const named = products.length === 0 ? affected : affected.filter((one) => products.some((purl) => purlNames(purl, one)));
  if (named.length === 0) return 'none of its products is installed, or they are not named by package URL';
  const own = named.filter(({ check, id }) => !spokenOf.has(`${check} ${id}`));
  for (const { check, id } of own) spokenOf.add(`${check} ${id}`);
  if (own.length === 0) return 'a later statement of the document is about the same';
  // Whoever accepts what is affected says so themselves; otherwise a vendor's warning would hide what it warns of.
  if (status === 'affected') return 'it says that it is affected: that takes nothing out of what is open';
  const checks = new Map<number, Set<number>>();
  for (const { check, id } of own) checks.set(check, (checks.get(check) ?? new Set()).add(id));
  return checks;
}

function exceptionFor(
  { names, status, justification, words }: VexStatement,
  source: VexDocument['source'],
  checks: ImportedException['checks'],
): ImportedException {
  const said = status ?? 'under_investigation'; // there is a status where it is about something
  const reason = `${source === 'openvex' ? 'OpenVEX' : 'CycloneDX'}: ${said.replaceAll('_', ' ')}`;
  const query = `name:"${(names[0] ?? '').replaceAll(/["\\]/g, '')}"`;
  return { query, anyVersion: false, status: said, justification, reason, comment: words.slice(0, 4000), source, checks };
}

/** Package versions on which a check is true, and which somebody has: by each of these names, in capitals, that it has. */
async function findAffected(
  db: Kysely<Database>,
  names: ReadonlySet<string>,
  isInstalled: (packageVersion: number) => boolean,
): Promise<Map<string, Affected[]>> {
  // The dictionary of package versions is everybody's.
  const { rows } = await sql<Affected & { names: string[] }>`
    with named as (
      select number, array(select upper(name) union select upper(alias) from jsonb_array_elements_text(body -> 'aliases') as alias)
        as names
      from knowledge_check where valid_until is null
    )
    select named.number as "check", names, package_version.id, ecosystem, release, package_version.name, version, architecture
    from named
    join verdict on verdict.check_number = named.number and until_at is null
    join package_version on package_version.id = package_version_id
    where names && ${[...names]}::text[]`.execute(db);
  const found = new Map<string, Affected[]>();
  for (const { names: own, ...affected } of rows) {
    if (!isInstalled(affected.id)) continue;
    for (const name of own) if (names.has(name)) found.set(name, [...(found.get(name) ?? []), affected]);
  }
  return found;
}
