/** A feed may lose this share of its records between two imports; withdrawn entries are single ones. */
const tolerated = 0.05;

/**
 * Compares the records of a new import with those of the last one of the same feed: null when that is plausible, otherwise a
 * sentence for people. A cut file that still is well-formed shows only here.
 */
export function shrinkageProblem(previousRecords: number, records: number): string | null {
  if (records >= previousRecords * (1 - tolerated)) return null;
  return `It has ${records} records, the last import had ${previousRecords}. A feed does not shrink by more than ${tolerated * 100} %; the file is probably cut, fetch it again.`;
}
