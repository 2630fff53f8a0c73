import { z } from 'zod';

/** Ceilings of one record. The largest real ones name 2,000 packages and 4,000 versions. */
const names = z.array(z.string().max(256)).max(20_000);

const Event = z.object({
  introduced: z.string().max(512).optional(),
  fixed: z.string().max(512).optional(),
  last_affected: z.string().max(512).optional(),
  limit: z.string().max(512).optional(),
});
export type Event = z.infer<typeof Event>;

const Range = z.object({ type: z.enum(['SEMVER', 'ECOSYSTEM', 'GIT']), events: z.array(Event).min(1).max(20_000) });
export type Range = z.infer<typeof Range>;

const SeverityEntry = z.object({ type: z.string(), score: z.string().max(512) });
export type SeverityEntry = z.infer<typeof SeverityEntry>;

/** Fields of databases, beyond the schema: each read only in the form known here, and as if absent in any other. */
const Specific = z
  .object({
    severity: z.string().optional().catch(undefined),
    last_known_affected_version_range: z.string().max(512).optional().catch(undefined),
    custom_ranges: z.array(Range).max(1000).optional().catch(undefined),
    rpmmod: z.string().max(256).optional().catch(undefined),
    informational: z.string().optional().catch(undefined),
  })
  .nullish()
  .catch(undefined);

const AffectedEntry = z.object({
  package: z.object({ ecosystem: z.string().max(256), name: z.string().max(1024) }).nullish(),
  ranges: z.array(Range).max(20_000).nullish(),
  versions: z.array(z.string().max(512)).max(200_000).nullish(),
  severity: z.array(SeverityEntry).max(100).nullish(),
  ecosystem_specific: Specific,
  database_specific: Specific,
});
export type AffectedEntry = z.infer<typeof AffectedEntry>;

/** A record of the OSV schema 1.x (ossf.github.io/osv-schema), as far as Vedette reads it. */
export const OsvRecord = z.object({
  id: z.string().regex(/^[A-Za-z][A-Za-z0-9:._+-]{2,127}$/),
  modified: z.string(),
  published: z.string().nullish(),
  withdrawn: z.string().nullish(),
  aliases: names.nullish(),
  related: names.nullish(),
  upstream: names.nullish(),
  /** Read for the names and the rating in it alone. */
  summary: z.string().nullish(),
  severity: z.array(SeverityEntry).max(100).nullish(),
  affected: z.array(AffectedEntry).max(50_000).nullish(),
  database_specific: Specific,
});
export type OsvRecord = z.infer<typeof OsvRecord>;
