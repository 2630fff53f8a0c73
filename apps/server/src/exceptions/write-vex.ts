import { createHash } from 'node:crypto';
import type { VexFormat, VexJustification, VexStatus } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inForceAt } from './cover.ts';
import { packagePurl, type PurlParts } from './package-purl.ts';
import { cycloneDxJustifications, cycloneDxStates } from './vex-words.ts';

interface Row {
  readonly id: string;
  readonly organization: string;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly reason: string;
  readonly comment: string;
  readonly decidedAt: Date;
  readonly name: string;
  readonly packages: (PurlParts & { readonly id: number })[] | null;
}

interface Wish {
  readonly organizationId: string;
  readonly now: Date;
  readonly format: VexFormat;
  /** Exceptions for these assets, too, in the words in which they were given. */
  readonly assets: string;
  /** Whether a package version is on an asset that the reader may see; asked for when it is needed, because the index goes on. */
  readonly installed: () => Promise<(packageVersion: number) => boolean>;
}

/**
 * What exceptions that hold say, as a VEX document: OpenVEX 0.2.0, or CycloneDX 1.6 without components of its own. An exception for any
 * version names the packages without theirs. VEX knows no assets, and whoever reads it believes it of a package wherever that is: exceptions
 * for some assets alone are left out, but for those the document is asked for.
 */
export async function writeVex(
  db: Kysely<Database>,
  { organizationId, now, format, assets, installed }: Wish,
): Promise<Record<string, unknown>> {
  const found = await sql<Row>`
    select exception.id, organization.name as organization, status, justification, reason, comment, decided_at, knowledge_check.name, (
      select json_agg(jsonb_build_object('id', package_version.id, 'ecosystem', ecosystem, 'release', release, 'name', package_version.name,
        'version', case when package_version_ids is null then '' else version end,
        'architecture', case when package_version_ids is null then '' else architecture end))
      from verdict join package_version on package_version.id = package_version_id
      where verdict.check_number = listed.check_number and until_at is null
        and (package_version_ids is null or package_version_id = any(package_version_ids))
    ) as packages
    from exception
    join organization on organization.id = exception.organization_id
    join exception_check as listed on listed.organization_id = exception.organization_id and exception_id = exception.id
    join knowledge_check on knowledge_check.number = check_number and knowledge_check.valid_until is null
    where exception.organization_id = ${organizationId} and ${inForceAt(now)} and assets in ('', ${assets})
    order by decided_at, exception.id, knowledge_check.name`.execute(db);
  const isInstalled = await installed();
  // The dictionary of package versions is everybody's: others' packages are none of this document.
  const rows = found.rows.map((row) => ({ ...row, packages: row.packages?.filter(({ id }) => isInstalled(id)) ?? null }));
  return format === 'openvex' ? toOpenVex(rows, now) : toCycloneDx(rows, now);
}

function toOpenVex(rows: readonly Row[], now: Date): Record<string, unknown> {
  const statements = rows.map((row) => ({
    vulnerability: { name: row.name },
    timestamp: row.decidedAt.toISOString(),
    products: purlsOf(row).map((purl) => ({ '@id': purl })),
    status: row.status,
    ...(row.justification === null ? {} : { justification: row.justification }),
    // A statement of not_affected has one or the other; one of affected says what to do.
    ...(row.status === 'not_affected' ? { impact_statement: wordsOf(row) } : {}),
    ...(row.status === 'affected' ? { action_statement: wordsOf(row) } : {}),
    ...(row.status === 'fixed' || row.status === 'under_investigation' ? { status_notes: wordsOf(row) } : {}),
  }));
  const timestamp = now.toISOString();
  const digest = createHash('sha256')
    .update(JSON.stringify([timestamp, statements]))
    .digest('hex');
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': `urn:vedette:vex:${digest}`,
    author: rows[0]?.organization ?? 'Vedette',
    timestamp,
    version: 1,
    statements,
  };
}

function toCycloneDx(rows: readonly Row[], now: Date): Record<string, unknown> {
  const purls = new Set(rows.flatMap((row) => purlsOf(row)));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp: now.toISOString() },
    components: [...purls].toSorted().map((purl) => ({ type: 'library', 'bom-ref': purl, name: nameOf(purl), purl })),
    vulnerabilities: rows.map((row, index) => ({
      'bom-ref': `${row.id}#${index}`,
      id: row.name,
      analysis: {
        state: cycloneDxStates[row.status],
        ...(row.justification === null ? {} : { justification: cycloneDxJustifications[row.justification] }),
        detail: wordsOf(row),
      },
      affects: purlsOf(row).map((ref) => ({ ref })),
    })),
  };
}

function purlsOf({ packages }: Row): string[] {
  return [...new Set((packages ?? []).map((one) => packagePurl(one)))].toSorted();
}

function nameOf(purl: string): string {
  return purl.split(/[@?]/, 1)[0]?.split('/').at(-1) ?? purl;
}

function wordsOf({ reason, comment }: Row): string {
  return comment === '' ? reason : `${reason}: ${comment}`;
}
