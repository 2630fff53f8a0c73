import { z } from 'zod';
import type { DetectionPlace } from '../fleet-index/page-of-detections.ts';
import { ApiError } from '../http/api-error.ts';

const Place = z.tuple([z.int().min(1).max(5), z.boolean(), z.number().nullable(), z.int().min(0), z.boolean(), z.int().min(0)]);

/** A place in the list of detections as text that means nothing to whoever holds it. */
export function writeCursor({ severity, exploited, epss, check, confirmed, asset }: DetectionPlace): string {
  return Buffer.from(JSON.stringify([severity, exploited, epss, check, confirmed, asset])).toString('base64url');
}

/** Throws ApiError BAD_REQUEST for text that no list gave out. */
export function readCursor(text: string): DetectionPlace {
  const place = Place.safeParse(parseOrNull(Buffer.from(text, 'base64url').toString()));
  if (!place.success) throw new ApiError('BAD_REQUEST', 'query.after: this is no cursor of a list of detections');
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
