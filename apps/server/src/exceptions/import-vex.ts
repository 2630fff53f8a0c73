import { VexJustification, VexStatus } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { type PurlParts, purlNames } from './package-purl.ts';
import { justificationOfCycloneDx, statusOfCycloneDx } from './vex-words.ts';

/** Of one document; each leads to an exception of its own. */
const maxStatements = 500;
const maxProducts = 1000;
const Name = z.string().min(1).max(200);
const Words = z.string().max(20_000).default('');
const Purl = z.string().max(2000);
const Product = z.union([
  Purl.transform((id) => [id]),
  z
    .object({
      '@id': Purl.optional(),
      identifiers: z.object({ purl: Purl.optional() }).optional(),
      subcomponents: z
        .array(z.object({ '@id': Purl.optional() }))
        .max(maxProducts)
        .default([]),
    })
    .transform((product) => {
      const parts = product.subcomponents.flatMap((part) => part['@id'] ?? []);
      // Where parts of a product are named the statement is about those.
      return parts.length > 0 ? parts : [product['@id'], product.identifiers?.purl].flatMap((id) => id ?? []);
    }),
]);
const OpenVex = z.object({
  '@context': z.string().startsWith('https://openvex.dev/'),
  statements: z
    .array(
      z.object({
        vulnerability: z.union([
          Name.transform((name) => ({ name, aliases: [] as string[] })),
          z.object({ name: Name, aliases: z.array(Name).max(50).default([]) }),
        ]),
        products: z.array(Product).max(maxProducts).default([]),
        status: VexStatus,
        justification: VexJustification.nullable().default(null).catch(null),
        impact_statement: Words,
        action_statement: Words,
        status_notes: Words,
      }),
    )
    .max(maxStatements),
});
const CycloneDx = z.object({
  bomFormat: z.literal('CycloneDX'),
  vulnerabilities: z
    .array(
      z.object({
        id: Name.default('unnamed'),
        analysis: z
          .object({ state: z.string().max(100).default(''), justification: z.string().max(100).default(''), detail: Words })
          .default({ state: '', justification: '', detail: '' }),
        affects: z
          .array(z.object({ ref: Purl }))
          .max(maxProducts)
          .default([]),
      }),
    )
    .max(maxStatements)
    .default([]),
});

interface Statement {
  readonly names: readonly string[];
  readonly products: readonly string[];
  readonly status: VexStatus | null;
  readonly justification: VexJustification | null;
  readonly words: string;
}

export interface ImportedException {
  readonly query: string;
  readonly anyVersion: false;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly reason: string;
  readonly comment: string;
  readonly source: 'openvex' | 'cyclonedx';
  readonly checks: ReadonlyMap<number, ReadonlySet<number>>;
}

/**
 * Exceptions that a VEX document asks for: each statement about a vulnerability that we have a check for, on those of its products that
 * are installed somewhere. A statement without products is about everything the check finds. Throws ApiError BAD_REQUEST for a document
 * of another format, or one that is larger than we read.
 */
export async function readVexExceptions(
  db: Kysely<Database>,
  document: unknown,
  installed: () => Promise<(packageVersion: number) => boolean>,
): Promise<{ asked: ImportedException[]; skipped: { vulnerability: string; why: string }[] }> {
  const { source, statements } = readStatements(document);
  const asked: ImportedException[] = [];
  const skipped: { vulnerability: string; why: string }[] = [];
  for (const { names, products, status, justification, words } of statements) {
    const [vulnerability = 'unnamed'] = names;
    const skip = (why: string): void => void skipped.push({ vulnerability, why });
    if (status === null) {
      skip('it states nothing that we know');
      continue;
    }
    // The dictionary of package versions is everybody's.
    const known = await findAffected(db, names);
    const isInstalled = await installed();
    const affected = known.filter(({ id }) => isInstalled(id));
    if (affected.length === 0) {
      skip('no check of that name finds anything here');
      continue;
    }
    const named = products.length === 0 ? affected : affected.filter((one) => products.some((purl) => purlNames(purl, one)));
    if (named.length === 0) {
      skip('none of its products is installed, or they are not named by package URL');
      continue;
    }
    const checks = new Map<number, Set<number>>();
    for (const { check, id } of named) checks.set(check, (checks.get(check) ?? new Set()).add(id));
    const reason = `${source === 'openvex' ? 'OpenVEX' : 'CycloneDX'}: ${status.replaceAll('_', ' ')}`;
    const kept = status === 'not_affected' ? justification : null;
    const query = `name:"${vulnerability.replaceAll(/["\\]/g, '')}"`;
    asked.push({ query, anyVersion: false, status, justification: kept, reason, comment: words.slice(0, 4000), source, checks });
  }
  return { asked, skipped };
}

function readStatements(document: unknown): { source: ImportedException['source']; statements: Statement[] } {
  const openVex = OpenVex.safeParse(document);
  if (openVex.success) {
    const statements = openVex.data.statements.map(({ vulnerability, products, status, justification, ...words }) => ({
      names: [vulnerability.name, ...vulnerability.aliases].map(plainName),
      products: products.flat(),
      status,
      justification,
      words: [words.impact_statement, words.action_statement, words.status_notes].filter((text) => text !== '').join('; '),
    }));
    return { source: 'openvex', statements };
  }
  const cycloneDx = CycloneDx.safeParse(document);
  if (!cycloneDx.success) {
    const message = `body.document: neither an OpenVEX nor a CycloneDX document of at most ${maxStatements} statements`;
    throw new ApiError('BAD_REQUEST', message, { cause: cycloneDx.error });
  }
  const statements = cycloneDx.data.vulnerabilities.map(({ id, analysis, affects }) => ({
    names: [plainName(id)],
    products: affects.map(({ ref }) => ref.split('#').at(-1) ?? ref),
    status: statusOfCycloneDx.get(analysis.state) ?? null,
    justification: justificationOfCycloneDx.get(analysis.justification) ?? null,
    words: analysis.detail,
  }));
  return { source: 'cyclonedx', statements };
}

/** Some write the address of the vulnerability instead of its name. */
function plainName(name: string): string {
  return (name.split('/').at(-1) ?? name).replaceAll('\0', '').toUpperCase();
}

/** Package versions on which a check of one of these names is true. */
async function findAffected(
  db: Kysely<Database>,
  names: readonly string[],
): Promise<(PurlParts & { readonly check: number; readonly id: number })[]> {
  const { rows } = await sql<PurlParts & { check: number; id: number }>`
    select knowledge_check.number as "check", package_version.id, ecosystem, release, package_version.name, version, architecture
    from knowledge_check
    join verdict on verdict.check_number = knowledge_check.number and until_at is null
    join package_version on package_version.id = package_version_id
    where knowledge_check.valid_until is null
      and (upper(knowledge_check.name) = any(${[...names]}::text[]) or exists (
        select from jsonb_array_elements_text(body -> 'aliases') as alias where upper(alias) = any(${[...names]}::text[])))`.execute(
    db,
  );
  return rows;
}
