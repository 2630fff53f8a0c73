import { z } from 'zod';

const id = z.string().max(1024);
const ids = z.array(id).max(200_000);
const text = z.string().max(256);

const Helper = z
  .object({ cpe: z.string().max(512).optional(), purl: z.string().max(1024).optional() })
  .optional()
  .catch(undefined);
/** CSAF 3.1.3. */
export const FullProductName = z.object({ name: id, product_id: id, product_identification_helper: Helper });
export type FullProductName = z.infer<typeof FullProductName>;
/** CSAF 3.2.2.1; what lies below is read by productTree, which looks at the depth. */
export const Branch = z.object({ branches: z.array(z.unknown()).max(200_000).optional(), product: FullProductName.optional() });

const Relationship = z.object({
  full_product_name: z.object({ product_id: id }),
  product_reference: id,
  relates_to_product_reference: id,
});

const ProductTree = z.object({
  branches: z.array(z.unknown()).max(200_000).default([]),
  full_product_names: z.array(FullProductName).max(200_000).default([]),
  relationships: z.array(Relationship).max(400_000).default([]),
  product_groups: z
    .array(z.object({ group_id: id, product_ids: ids }))
    .max(10_000)
    .default([]),
});
export type ProductTree = z.infer<typeof ProductTree>;

const Score = z
  .object({ version: text.optional(), vectorString: z.string(), baseScore: z.number().min(0).max(10) })
  .optional()
  .catch(undefined);

/** CSAF 3.2.3.9: every list of it that tells what a package is. */
const ProductStatus = z.object({
  fixed: ids.default([]),
  first_fixed: ids.default([]),
  recommended: ids.default([]),
  known_affected: ids.default([]),
  first_affected: ids.default([]),
  last_affected: ids.default([]),
  known_not_affected: ids.default([]),
  under_investigation: ids.default([]),
});
export type ProductStatus = z.infer<typeof ProductStatus>;

/** CSAF 3.2.3.12. Of `details` only the words are read that vendors write instead of prose. */
const Remediation = z.object({
  category: text,
  details: z.string().optional(),
  product_ids: ids.default([]),
  group_ids: ids.default([]),
});

const Vulnerability = z.object({
  cve: z.string().max(64).optional(),
  release_date: text.optional(),
  cwe: z.object({ id: text }).optional().catch(undefined),
  product_status: ProductStatus.optional(),
  remediations: z.array(Remediation).max(100_000).default([]),
  threats: z
    .array(z.object({ category: text, details: z.string().optional() }))
    .max(100_000)
    .default([]),
  scores: z
    .array(z.object({ cvss_v2: Score, cvss_v3: Score, cvss_v4: Score }))
    .max(100_000)
    .default([]),
});
export type CsafVulnerability = z.infer<typeof Vulnerability>;

/** A document of CSAF 2.0 (OASIS, csaf-v2.0-os), as far as Vedette reads it. */
export const CsafDocument = z.object({
  document: z.object({
    category: text,
    csaf_version: z.string().startsWith('2.'),
    publisher: z.object({ namespace: z.string().max(512) }),
    tracking: z.object({
      id: z.string().regex(/^[A-Za-z][A-Za-z0-9:._+-]{2,127}$/),
      initial_release_date: text,
      current_release_date: text.optional(),
    }),
    aggregate_severity: z.object({ text }).optional().catch(undefined),
  }),
  product_tree: ProductTree.optional(),
  vulnerabilities: z.array(Vulnerability).max(10_000).default([]),
});
export type CsafDocument = z.infer<typeof CsafDocument>;
