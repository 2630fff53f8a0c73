import { z } from 'zod';
import { defineFact, text } from './fact.ts';

export const postureFact = defineFact({
  name: 'posture',
  version: 1,
  describes: 'What the manifest of the platform asks for: settings, modes, states. Never what looks like a secret.',
  key: ['probe', 'subject'],
  row: z.object({
    probe: text.meta({ description: 'Name of the probe in the manifest' }),
    subject: text.meta({ description: 'What of it: a path, a key, the Match block of a setting' }),
    value: text.meta({
      description: 'As it stands there, or in brackets why there is none: (absent), (not set), (unreadable) …',
    }),
    where: text.meta({ description: 'File that says so; empty where the subject is one' }),
  }),
});

export type PostureRow = z.infer<typeof postureFact.row>;

/**
 * Instead of a value. `absent`: what it is about is not on the machine. `notSet`: the file is there and says nothing. `notApplicable`:
 * another thing on which the probe depends is not there. Of the others nothing can be said.
 */
export const postureMarks = {
  absent: '(absent)',
  notSet: '(not set)',
  notApplicable: '(not applicable)',
  unreadable: '(unreadable)',
  tooLarge: '(too large)',
  withheld: '(withheld)',
  notAllowed: '(not allowed)',
  notUnderstood: '(not understood)',
} as const;

/** Values of which nothing can be said: the check is unassessed there, never passed. */
export const unassessedMarks: readonly string[] = [
  postureMarks.unreadable,
  postureMarks.tooLarge,
  postureMarks.withheld,
  postureMarks.notAllowed,
  postureMarks.notUnderstood,
];
