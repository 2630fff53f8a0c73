import { z } from 'zod';
import type { ChangedRecord, FeedFile } from '../feed.ts';
import { checked } from '../shared/checked.ts';
import { feedJson } from '../shared/feed-text.ts';

const MiB = 1024 * 1024;

/** The list of documents of the CVRF interface 3.0, as far as Vedette reads it. */
const UpdateList = z.object({
  value: z.array(z.object({ ID: z.string(), CurrentReleaseDate: z.string(), CvrfUrl: z.string() })).max(10_000),
});

/** Documents are only fetched from where the list came from: it must not lead anywhere else. */
const document = /^https:\/\/api\.msrc\.microsoft\.com\/cvrf\/v3\.0\/(?:cvrf|document)\/\d{4}-[A-Z][a-z]{2}$/;

/** Months whose document changed after `since`, the oldest change first. Throws FeedError. */
export function readUpdateList(file: FeedFile, since: string | null): ChangedRecord[] {
  const list = checked(file, UpdateList, feedJson(file, 4 * MiB));
  const after = since === null ? Number.NEGATIVE_INFINITY : Date.parse(since);
  return list.value
    .flatMap(({ ID: id, CurrentReleaseDate: at, CvrfUrl: url }) => {
      const time = Date.parse(at);
      // Without asking for JSON the interface answers in XML.
      const isOne = document.test(url) && url.endsWith(`/${id}`) && time > after;
      return isOne ? [{ time, changed: { at, source: { pattern: `msrc-${id}.xml`, url } } }] : [];
    })
    .toSorted((a, b) => a.time - b.time)
    .map(({ changed }) => changed);
}
