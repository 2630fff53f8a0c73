import { formatPurl, parsePurl, purlPackage } from '@vedette/extractors';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import type { Exemption } from './ignore-file.ts';
import type { Finding } from './judge-packages.ts';

const Product: z.ZodType<{ ids: string[] }> = z
  .union([
    z.string().transform((id) => ({ '@id': id, identifiers: undefined, subcomponents: [] as { '@id'?: string | undefined }[] })),
    z.object({
      '@id': z.string().optional(),
      identifiers: z.object({ purl: z.string().optional() }).optional(),
      subcomponents: z
        .array(z.object({ '@id': z.string().optional() }))
        .max(10_000)
        .default([]),
    }),
  ])
  .transform((product) => {
    const parts = product.subcomponents.flatMap((part) => part['@id'] ?? []);
    // Where parts of a product are named the statement is about those.
    return { ids: parts.length > 0 ? parts : [product['@id'], product.identifiers?.purl].flatMap((id) => id ?? []) };
  });
const OpenVex = z.object({
  '@context': z.string().startsWith('https://openvex.dev/'),
  statements: z
    .array(
      z.object({
        vulnerability: z.union([
          z.string().transform((name) => ({ name, aliases: [] as string[] })),
          z.object({ name: z.string(), aliases: z.array(z.string()).default([]) }),
        ]),
        products: z.array(Product).default([]),
        status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
      }),
    )
    .max(100_000),
});
const CycloneDxVex = z.object({
  bomFormat: z.literal('CycloneDX'),
  vulnerabilities: z
    .array(
      z.object({
        id: z.string().default(''),
        analysis: z.object({ state: z.string().optional() }).optional(),
        affects: z.array(z.object({ ref: z.string() })).default([]),
      }),
    )
    .max(100_000)
    .default([]),
});

interface Statement {
  readonly names: ReadonlySet<string>;
  /** Package URLs; none: whatever it is found in. */
  readonly products: readonly string[];
}

/**
 * What an OpenVEX document (OpenVEX 0.2) states as `not_affected` or `fixed`, or a CycloneDX document as `not_affected`,
 * `false_positive` or `resolved`. A package URL without version or qualifiers means all of them. A statement about a product that is
 * named in another way than by package URL is taken for no package here. Throws CliError USAGE for another format.
 */
export function readVexFile(file: string, text: string): Exemption {
  const statements = readStatements(file, text);
  return (finding) => statements.some((statement) => isAbout(statement, finding));
}

function readStatements(file: string, text: string): Statement[] {
  let document: unknown;
  try {
    document = JSON.parse(text); // checked by the schemas
  } catch (cause) {
    throw new CliError('USAGE', `${file} is no JSON document`, { cause });
  }
  const openVex = OpenVex.safeParse(document);
  if (openVex.success) {
    return openVex.data.statements
      .filter(({ status }) => status === 'not_affected' || status === 'fixed')
      .map(({ vulnerability, products }) => ({
        names: new Set([vulnerability.name, ...vulnerability.aliases].map(plainName)),
        products: products.flatMap(({ ids }) => ids),
      }));
  }
  const cycloneDx = CycloneDxVex.safeParse(document);
  if (!cycloneDx.success) throw new CliError('USAGE', `${file} is neither an OpenVEX nor a CycloneDX document`);
  return cycloneDx.data.vulnerabilities
    .filter(({ analysis }) => ['not_affected', 'false_positive', 'resolved'].includes(analysis?.state ?? ''))
    .map(({ id, affects }) => ({
      names: new Set([plainName(id)]),
      products: affects.map(({ ref }) => ref.split('#').at(-1) ?? ref),
    }));
}

/** Some write the address of the vulnerability instead of its name. */
function plainName(name: string): string {
  return (name.split('/').at(-1) ?? name).toUpperCase();
}

function isAbout({ names, products }: Statement, { check, package: { found } }: Finding): boolean {
  if (![check.name, ...check.aliases].some((name) => names.has(name.toUpperCase()))) return false;
  return products.length === 0 || products.some((product) => isProduct(product, found));
}

function isProduct(product: string, found: Finding['package']['found']): boolean {
  const purl = parsePurl(product);
  const named = purl && purlPackage(purl);
  if (!purl || !named) return false;
  const mine = parsePurl(formatPurl(found));
  const version = named.version === '' || named.version === found.version;
  const architecture = !named.architecture || named.architecture === mine?.qualifiers.get('arch');
  return named.type === found.type && named.name === found.name && version && architecture;
}
