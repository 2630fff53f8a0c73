import { VexJustification, VexStatus } from '@vedette/protocol';
import { z } from 'zod';
import { ApiError } from '../http/api-error.ts';
import { justificationOfCycloneDx, statusOfCycloneDx } from './vex-words.ts';

/** Of one document; each leads to an exception of its own. */
const maxStatements = 500;
const maxProducts = 1000;
/** So many of what is wrong with a document are told. */
const maxProblems = 5;
const Name = z.string().min(1).max(200);
const Words = z.string().max(20_000).default('');
const Word = z.string().max(100).default('');
const Purl = z.string().max(2000);
const Moment = z.string().max(64).optional();
/** Some write their version as a text. */
const Version = z
  .union([
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .nullable()
  .catch(null);
const DocumentId = z.string().trim().min(1).max(2000).nullable().catch(null);
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
  '@id': DocumentId,
  version: Version,
  timestamp: Moment,
  last_updated: Moment,
  statements: z
    .array(
      z.object({
        vulnerability: z.union([
          Name.transform((name) => ({ name, aliases: [] as string[] })),
          z.object({ name: Name, aliases: z.array(Name).max(50).default([]) }),
        ]),
        timestamp: Moment,
        products: z.array(Product).max(maxProducts).default([]),
        status: VexStatus,
        justification: Word,
        impact_statement: Words,
        action_statement: Words,
        status_notes: Words,
      }),
    )
    .max(maxStatements),
});
const CycloneDx = z.object({
  bomFormat: z.literal('CycloneDX'),
  serialNumber: DocumentId,
  version: Version,
  metadata: z.object({ timestamp: Moment }).catch({ timestamp: undefined }),
  vulnerabilities: z
    .array(
      z.object({
        id: Name.default('unnamed'),
        analysis: z
          .object({ state: Word, justification: Word, detail: Words })
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

/** What a document says of a vulnerability. */
export interface VexStatement {
  /** In capitals, the first one as it is called there. */
  readonly names: readonly string[];
  /** As package URLs, as far as they are any; none: whatever has it. */
  readonly products: readonly string[];
  /** Null for what we do not know. */
  readonly status: VexStatus | null;
  readonly justification: VexJustification | null;
  readonly words: string;
}

export interface VexDocument {
  readonly source: 'openvex' | 'cyclonedx';
  /** By which its versions are known as one document; null where it has none. */
  readonly id: string | null;
  /** Rises with every change (OpenVEX 0.2.0, "version"; CycloneDX 1.6, bom.version); null where it does not say. */
  readonly version: number | null;
  /** When it was changed last; null where it does not say. */
  readonly at: Date | null;
  /** A later one about the same takes the place of an earlier one. */
  readonly statements: readonly VexStatement[];
}

/**
 * Reads OpenVEX (0.0.x, 0.2.0) and CycloneDX VEX (1.4 to 1.6). Throws ApiError BAD_REQUEST for a document of another format, one that is
 * larger than we read, and one that says of something that it is not affected, and not why (OpenVEX 0.2.0, "Status labels": a statement of
 * not_affected MUST have a justification or an impact_statement).
 */
export function readVex(document: unknown): VexDocument {
  const openVex = OpenVex.safeParse(document);
  if (openVex.success) return readOpenVex(openVex.data);
  const cycloneDx = CycloneDx.safeParse(document);
  if (cycloneDx.success) return readCycloneDx(cycloneDx.data);
  const message = `body.document: neither an OpenVEX nor a CycloneDX document of at most ${maxStatements} statements`;
  throw new ApiError('BAD_REQUEST', message, { cause: cycloneDx.error });
}

function readOpenVex({ timestamp, statements, ...document }: z.output<typeof OpenVex>): VexDocument {
  const problems: string[] = [];
  const read = statements.map((statement, at) => {
    const { vulnerability, products, status, justification, ...rest } = statement;
    const known = VexJustification.safeParse(justification);
    if (status === 'not_affected' && !known.success && rest.impact_statement.trim() === '')
      problems.push(unjustified(`statements[${at}]`, vulnerability.name, justification));
    return {
      names: [vulnerability.name, ...vulnerability.aliases].map(plainName),
      products: products.flat(),
      status,
      justification: status === 'not_affected' && known.success ? known.data : null,
      words: [rest.impact_statement, rest.action_statement, rest.status_notes].filter((text) => text !== '').join('; '),
      at: Date.parse(rest.timestamp ?? timestamp ?? '') || 0,
    };
  });
  refuse(problems, 'a justification that OpenVEX knows, or an impact_statement');
  const { '@id': id, version, last_updated: updated } = document;
  const at = moment(updated ?? timestamp);
  return { source: 'openvex', id, version, at, statements: read.toSorted((a, b) => a.at - b.at) };
}

function readCycloneDx({ vulnerabilities, serialNumber, version, metadata }: z.output<typeof CycloneDx>): VexDocument {
  const problems: string[] = [];
  const statements = vulnerabilities.map(({ id, analysis, affects }, at) => {
    const { state, detail } = analysis;
    const justification = justificationOfCycloneDx.get(analysis.justification) ?? null;
    if (state === 'not_affected' && justification === null && detail.trim() === '')
      problems.push(unjustified(`vulnerabilities[${at}]`, id, analysis.justification));
    const status = statusOfCycloneDx.get(state) ?? null;
    return {
      names: [plainName(id)],
      products: affects.map(({ ref }) => ref.split('#').at(-1) ?? ref),
      status,
      justification: status === 'not_affected' ? justification : null,
      words: detail,
    };
  });
  refuse(problems, 'a justification that CycloneDX knows, or a detail');
  return { source: 'cyclonedx', id: serialNumber, version, at: moment(metadata.timestamp), statements };
}

function moment(text: string | undefined): Date | null {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? null : new Date(at);
}

function unjustified(place: string, vulnerability: string, justification: string): string {
  return `${place} about ${plainName(vulnerability)}${justification === '' ? '' : `, whose justification is "${justification}"`}`;
}

function refuse(problems: readonly string[], needed: string): void {
  if (problems.length === 0) return;
  const named = problems.slice(0, maxProblems).join('; ');
  const more = problems.length > maxProblems ? `; and ${problems.length - maxProblems} more` : '';
  throw new ApiError('BAD_REQUEST', `body.document: not_affected needs ${needed}: ${named}${more}`);
}

/** Some write the address of the vulnerability instead of its name. */
function plainName(name: string): string {
  return (name.split('/').at(-1) ?? name).replaceAll('\0', '').toUpperCase();
}
