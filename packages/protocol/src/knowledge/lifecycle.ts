import { z } from 'zod';
import { EcosystemName } from './ecosystem-name.ts';

/** The first day without it; true: it has ended, nobody says when; false: it has not, and no day is set. */
const Ending = z.union([z.iso.date(), z.boolean()]).nullable();

/** How long a release of a product is looked after. Facts alone: whether that makes a finding is for a check to say. */
export const Lifecycle = z.object({
  feed: z.string(),
  product: z.string().meta({ description: 'As the source calls it: debian, rhel, windows-server, nginx' }),
  cycle: z.string().meta({ description: 'Release as the source writes it: 12, 22.04, 9, 2022' }),
  /** Of a distribution: whose release it is, as its advisories spell it; null for any other product. */
  ecosystem: EcosystemName.nullable(),
  release: z.string().nullable(),
  released: z.iso.date().nullable(),
  /** Has releases without long-term support beside it, and is none of them. */
  isLongTerm: z.boolean(),
  /** New features and fixes of all kinds. */
  activeSupportEnds: Ending,
  /** Security fixes for everybody. */
  securitySupportEnds: Ending,
  /** Security fixes for those who pay or ask for it. */
  extendedSupportEnds: Ending,
});
export type Lifecycle = z.infer<typeof Lifecycle>;
