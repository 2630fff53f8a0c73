import { z } from 'zod';
import type { DetectionSorting } from '@vedette/protocol';
import type { DetectionPlace } from '../fleet-index/page-of-detections.ts';
import { ApiError } from '../http/api-error.ts';
import type { RiskPlace } from '../risk/page-by-risk.ts';

const Place = z.tuple([z.int().min(1).max(5), z.boolean(), z.number().nullable(), z.int().min(0), z.boolean(), z.int().min(0)]);

const ByRisk = z.tuple([z.int().min(0).max(1000), z.int().min(0), z.boolean(), z.int().min(0)]);

/** A place in the list of detections as text that means nothing to whoever holds it. */
export function writeCursor(place: DetectionPlace | RiskPlace, isByAsset: boolean): string {
  const { check, confirmed, asset } = place;
  const values =
    'risk' in place
      ? [place.risk, check, confirmed, asset]
      : [place.severity, place.exploited, place.epss, check, confirmed, asset];
  return Buffer.from(JSON.stringify(isByAsset ? ['asset', ...values] : values)).toString('base64url');
}

/** Throws ApiError BAD_REQUEST for text that no list in that order gave out. */
export function readCursor(text: string, sort: DetectionSorting): DetectionPlace | RiskPlace {
  const read = parseOrNull(Buffer.from(text, 'base64url').toString());
  const isByAsset = Array.isArray(read) && read[0] === 'asset';
  const values = isByAsset ? read.slice(1) : read;
  const byRisk = sort === 'risk' ? ByRisk.safeParse(values).data : undefined;
  if (byRisk) return { risk: byRisk[0], check: byRisk[1], confirmed: byRisk[2], asset: byRisk[3] };
  const place = Place.safeParse(values);
  if (!place.success || sort === 'risk' || isByAsset !== (sort === 'asset'))
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
