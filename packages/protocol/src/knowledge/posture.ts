import { z } from 'zod';
import { Probe } from '../agent/manifest.ts';
import { Severity } from './severity.ts';

const list = z.array(z.string().min(1).max(200)).min(1).max(2000);
const Mode = z.string().regex(/^[0-7]{4}$/);

/**
 * What a value has to be; everything that is given must hold. Texts are compared without regard to case. A `*` in a text stands for any
 * characters.
 */
export const Requirement = z.object({
  /** The whole value is one of these. */
  oneOf: list.optional(),
  /** The whole value is none of these. */
  unlike: list.optional(),
  /** No member of the list (separated by commas or blanks) is one of these. */
  without: list.optional(),
  atLeast: z.int().optional(),
  atMost: z.int().optional(),
  /** Of a file: no other bits than these. */
  modeWithin: Mode.optional(),
  /** Of a file that group or others may write: all of these bits. */
  sharedModeHas: Mode.optional(),
  /** Of a file. */
  owners: list.optional(),
  groups: list.optional(),
  /** Only of these values can anything be said. */
  known: list.optional(),
  /** What the program does where nothing is set; where it is not given, nothing set is not what is required. */
  unset: z.string().max(200).optional(),
  /** It has to be there; otherwise what is not there is nothing to judge. */
  present: z.literal(true).optional(),
});
export type Requirement = z.infer<typeof Requirement>;

/** What a person reads of a posture check beside what it requires; our own words. */
export const PostureText = z.object({
  title: z.string().min(1).max(120),
  /** Why it matters. */
  rationale: z.string().min(1).max(600),
  /** What to do, and commands that do it. */
  fix: z.object({ advice: z.string().min(1).max(400), commands: z.array(z.string().max(300)).max(6) }),
});
export type PostureText = z.infer<typeof PostureText>;

/** A posture check as content: what to read, and what has to be found. */
export const PostureCheck = PostureText.extend({
  /** Its number for ever: check VP-N. */
  number: z.int().min(1).max(99_999),
  severity: Severity,
  /** Why so grave, in words. */
  severityRule: z.string().min(1).max(200),
  /** The day it was first published, or changed in what it requires. */
  published: z.iso.date(),
  reads: z
    .array(
      z.object({
        probe: Probe,
        /** `supported` and `secured` are filled in from what is known of the support of releases (Lifecycle). */
        requires: z.union([Requirement, z.enum(['supported', 'secured'])]),
      }),
    )
    .min(1)
    .max(8),
});
export type PostureCheck = z.infer<typeof PostureCheck>;

/** The content of the platform: all posture checks in effect. */
export const PostureContent = z.object({ checks: z.array(PostureCheck).max(2000) });
export type PostureContent = z.infer<typeof PostureContent>;

const firstNumber = 3_000_000;
const lastNumber = 3_099_999;

/** Whether a check asks for a state of the machine, not for a vulnerability: known from its number alone. */
export function isPostureCheck(number: number): boolean {
  return number >= firstNumber && number <= lastNumber;
}

/** The numbers of posture checks, both included. */
export const postureCheckNumbers = { first: firstNumber, last: lastNumber } as const;
