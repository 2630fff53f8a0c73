import { refuseTooLarge } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { bdbHeaders, isBerkeleyHash } from './rpm-bdb.ts';
import { isNdb, ndbHeaders } from './rpm-ndb.ts';
import { readRpmHeader } from './rpm-header.ts';

/**
 * Packages of an rpm database whose headers the caller has at hand; for SQLite databases (rpm 4.16 and later) these are the blobs
 * of `SELECT blob FROM Packages`. A header that cannot be read is a problem, not the end of the others.
 */
export function extractRpmHeaders(headers: Iterable<Uint8Array>): Extraction {
  const found = new Findings();
  let number = 0;
  for (const header of headers) {
    number += 1;
    try {
      const pkg = readRpmHeader(header);
      if (pkg) found.add(pkg, number);
    } catch (error) {
      if (!(error instanceof ExtractorError) || error.code !== 'DAMAGED') throw error;
      found.problem(number, error.message);
    }
  }
  return found.finish();
}

/** Headers of `Packages.db` (ndb, SUSE) or `Packages` (Berkeley DB, rpm before 4.16). Throws ExtractorError. */
export function rpmDatabaseHeaders(content: Uint8Array): Iterable<Uint8Array> {
  refuseTooLarge(content);
  if (isNdb(content)) return ndbHeaders(content);
  if (isBerkeleyHash(content)) return bdbHeaders(content);
  throw new ExtractorError('NOT_THIS_FORMAT', 'the file is neither an ndb nor a Berkeley DB package database');
}

/** Packages of such a file. Throws ExtractorError. */
export function extractRpmDatabase(content: Uint8Array): Extraction {
  return extractRpmHeaders(rpmDatabaseHeaders(content));
}
