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
  /** Somebody has it. */
  readonly isInstalled: boolean;
}

/** What a document asks for, and what it says of all that it is about; pairs are "check package-version". */
export interface VexReading extends VexDocument {
  readonly asked: readonly ImportedException[];
  readonly skipped: readonly { readonly vulnerability: string; readonly why: string }[];
  /** The statement that counts, by pair. */
  readonly owners: ReadonlyMap<string, VexStatement>;
  /** Pairs of the vulnerabilities that it names, whether or not it names the package. */
  readonly affected: ReadonlySet<string>;
  /** Of its statements, as exceptions have them. */
  readonly queries: ReadonlySet<string>;
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
): Promise<VexReading> {
  const read = readVex(document);
  const { source, statements } = read;
  const affectedBy = await findAffected(db, new Set(statements.flatMap(({ names }) => names)), await installed());
  const asked: ImportedException[] = [];
  const skipped: { vulnerability: string; why: string }[] = [];
  const owners = new Map<string, VexStatement>();
  for (const statement of statements.toReversed()) {
    const about = whatItIsAbout(statement, affectedBy, owners);
    if (typeof about === 'string') skipped.unshift({ vulnerability: statement.names[0] ?? 'unnamed', why: about });
    else asked.unshift(exceptionFor(statement, source, about));
  }
  const affected = new Set([...affectedBy.values()].flatMap((all) => all.map(pairOf)));
  return { ...read, asked, skipped, owners, affected, queries: new Set(statements.map(queryOf)) };
}

function pairOf({ check, id }: Affected): string {
  return `${check} ${id}`;
}

/** Package versions by check, or why there are none. */
function whatItIsAbout(
  statement: VexStatement,
  affectedBy: ReadonlyMap<string, readonly Affected[]>,
  owners: Map<string, VexStatement>,
): ReadonlyMap<number, ReadonlySet<number>> | string {
  const { names, products, status } = statement;
  if (status === null) return 'it states nothing that we know';
  const affected = [...new Set(names)].flatMap((name) => affectedBy.get(name) ?? []);
  const named = products.length === 0 ? affected : affected.filter((one) => products.some((purl) => purlNames(purl, one)));
  const own = named.filter((one) => !owners.has(pairOf(one)));
  for (const one of own) owners.set(pairOf(one), statement);
  if (!affected.some(({ isInstalled }) => isInstalled)) return 'no check of that name finds anything here';
  if (!named.some(({ isInstalled }) => isInstalled))
    return 'none of its products is installed, or they are not named by package URL';
  const here = own.filter(({ isInstalled }) => isInstalled);
  if (here.length === 0) return 'a later statement of the document is about the same';
  // Whoever accepts what is affected says so themselves; otherwise a vendor's warning would hide what it warns of.
  if (status === 'affected') return 'it says that it is affected: that takes nothing out of what is open';
  const checks = new Map<number, Set<number>>();
  for (const { check, id } of here) checks.set(check, (checks.get(check) ?? new Set()).add(id));
  return checks;
}

function exceptionFor(
  statement: VexStatement,
  source: VexDocument['source'],
  checks: ImportedException['checks'],
): ImportedException {
  const { status, justification, words } = statement;
  const said = status ?? 'under_investigation'; // there is a status where it is about something
  return {
    query: queryOf(statement),
    anyVersion: false,
    status: said,
    justification,
    reason: reasonOf(said, source),
    comment: words.slice(0, 4000),
    source,
    checks,
  };
}

/** What an exception gives as its reason that a document asked for. */
export function reasonOf(status: VexStatus, source: VexDocument['source']): string {
  return `${source === 'openvex' ? 'OpenVEX' : 'CycloneDX'}: ${status.replaceAll('_', ' ')}`;
}

function queryOf({ names }: VexStatement): string {
  return `name:"${(names[0] ?? '').replaceAll(/["\\]/g, '')}"`;
}

/** Package versions on which a check is true: by each of these names, in capitals, that it has. */
async function findAffected(
  db: Kysely<Database>,
  names: ReadonlySet<string>,
  isInstalled: (packageVersion: number) => boolean,
): Promise<Map<string, Affected[]>> {
  // The dictionary of package versions is everybody's.
  const { rows } = await sql<Omit<Affected, 'isInstalled'> & { names: string[] }>`
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
  for (const { names: own, ...row } of rows) {
    const affected = { ...row, isInstalled: isInstalled(row.id) };
    for (const name of own) if (names.has(name)) found.set(name, [...(found.get(name) ?? []), affected]);
  }
  return found;
}
