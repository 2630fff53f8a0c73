import { z } from 'zod';
import { CheckNumber } from '../ids.ts';
import { RecordOrigin } from './advisory.ts';
import { CheckAffected, CheckConfidence } from './check.ts';
import { EcosystemName } from './ecosystem-name.ts';

/** Version of the evidence record: of its fields, of its canonical text, and of what its words mean. */
export const evidenceFormat = 1;

/**
 * All that a verdict rests on, and the verdict: what was judged, everything that was said of it, and what followed. Facts only, no
 * prose. Whoever has it and the rules can judge again and must come to the same bytes (docs/adr/0008). Its canonical text is that of
 * RFC 8785, its name the SHA-256 of that text.
 */
export const Evidence = z.object({
  format: z.literal(evidenceFormat),
  check: CheckNumber,
  element: z.object({
    ecosystem: EcosystemName,
    release: z.string(),
    name: z.string(),
    version: z.string(),
    architecture: z.string(),
    source: z.string(),
    sourceVersion: z.string(),
    role: z.enum(['installed', 'running', 'dormant']),
    module: z.string().optional(),
  }),
  /** All statements of the check about this package, also those that were set aside; in the order of their texts. */
  statements: z.array(CheckAffected),
  outcome: z.object({
    verdict: z.enum(['affected', 'not-affected']),
    confidence: CheckConfidence,
    /** Which of the statements decided, from 0. */
    decidedBy: z.int().nonnegative(),
    /** Package and version that were compared: of the source, where advisories speak of sources. */
    package: z.string(),
    version: z.string(),
    /** `version operator bound` is what decided; absent where the statement decides without a version. */
    operator: z.enum(['<', '=', '>']).optional(),
    bound: z.string().optional(),
  }),
});
export type Evidence = z.infer<typeof Evidence>;

/** The evidence of a scan, to be replayed anywhere. What many records share, packages and statements, stands once. */
export const EvidenceFile = z.object({
  format: z.literal(evidenceFormat),
  target: z.string(),
  knowledge: z.object({ madeAt: z.string(), newest: z.string().nullable(), origins: z.array(RecordOrigin) }),
  statements: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.array(CheckAffected)),
  elements: z.array(Evidence.shape.element),
  records: z.array(
    z.object({
      ...Evidence.pick({ check: true, outcome: true }).shape,
      element: z.int().nonnegative().meta({ description: 'Which of the elements, from 0' }),
      statements: z.string().meta({ description: 'SHA-256 of the canonical text of the statements' }),
      sha256: z.string().meta({ description: 'SHA-256 of the canonical text of the whole record' }),
    }),
  ),
});
export type EvidenceFile = z.infer<typeof EvidenceFile>;
