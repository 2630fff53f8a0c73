import { bytesInMemory, EcosystemError, readRpmHeader, rpmHeaders } from '@vedette/ecosystems';
import { refuseTooLarge } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';

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
      if (pkg) found.add({ type: 'rpm', ...pkg }, number);
    } catch (error) {
      if (!(error instanceof EcosystemError) || error.code !== 'DATABASE_DAMAGED') throw error;
      found.problem(number, error.message);
    }
  }
  return found.finish();
}

/** Headers of a database of any of rpm's formats. Throws ExtractorError. */
export function* rpmDatabaseHeaders(content: Uint8Array): Generator<Uint8Array> {
  refuseTooLarge(content);
  try {
    yield* rpmHeaders(bytesInMemory(content));
  } catch (error) {
    if (!(error instanceof EcosystemError)) throw error;
    throw new ExtractorError(error.code === 'DATABASE_UNKNOWN' ? 'NOT_THIS_FORMAT' : 'DAMAGED', error.message, { cause: error });
  }
}

/** Packages of such a file. Throws ExtractorError. */
export function extractRpmDatabase(content: Uint8Array): Extraction {
  return extractRpmHeaders(rpmDatabaseHeaders(content));
}
