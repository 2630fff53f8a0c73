import { z } from 'zod';

const text = z.string().max(512);

/** What the tracker says of a vulnerability in one release, as far as Vedette reads it. */
export const ReleaseEntry = z.object({
  status: z.enum(['open', 'resolved', 'undetermined']),
  fixed_version: text.optional(),
  urgency: text.optional(),
  /** There, whatever it says, where the security team leaves the flaw to a point release or to nobody. */
  nodsa: z
    .string()
    .max(64 * 1024)
    .optional(),
  nodsa_reason: text.nullish(),
});
export type ReleaseEntry = z.infer<typeof ReleaseEntry>;

/** One vulnerability of one source package. */
export const TrackerEntry = z.object({ releases: z.record(z.string().max(64), z.unknown()) });

/** The vulnerabilities of one source package: a member of the document. */
export const SourceEntry = z.record(z.string().max(64), z.unknown());
