import { z } from 'zod';
import type { DetectionSorting } from '@vedette/protocol';
import type { DetectionPlace } from '../fleet-index/page-of-detections.ts';
import { ApiError } from '../http/api-error.ts';

const Place = z.tuple([z.int().min(1).max(5), z.boolean(), z.number().nullable(), z.int().min(0), z.boolean(), z.int().min(0)]);

/** A place in the list of detections, worst first or asset by asset, as text that means nothing to whoever holds it. */
export function writeCursor(place: DetectionPlace, isByAsset: boolean): string {
  const { severity, exploited, epss, check, confirmed, asset } = place;
  const values = [severity, exploited, epss, check, confirmed, asset];
  return Buffer.from(JSON.stringify(isByAsset ? ['asset', ...values] : values)).toString('base64url');
}

/** Throws ApiError BAD_REQUEST for text that no list in that order gave out. */
export function readCursor(text: string, sort: DetectionSorting): DetectionPlace {
  const read = parseOrNull(Buffer.from(text, 'base64url').toString());
  const isByAsset = Array.isArray(read) && read[0] === 'asset';
  const place = Place.safeParse(isByAsset ? read.slice(1) : read);
  if (!place.success || isByAsset !== (sort === 'asset'))
    throw new ApiError('BAD_REQUEST', 'query.after: this is no cursor of a list of detections');
  const [severity, exploited, epss, check, confirmed, asset] = place.data;
  return { severity, exploited, epss, check, confirmed, asset };
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text); // checked by the caller
  } catch {
    return null;
  }
}
