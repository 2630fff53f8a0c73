import { parseDocument } from 'yaml';
import type { FeedFile } from '../feed.ts';
import { feedJson, feedText, notThisFeed, truncated } from './feed-text.ts';

/**
 * A YAML document, not yet looked at. A file that does not end with a line feed counts as cut, because YAML cut anywhere often
 * is YAML still. Throws TOO_LARGE, NOT_TEXT, TRUNCATED, SCHEMA.
 */
export function feedYaml(file: FeedFile, maxBytes: number): unknown {
  const text = feedText(file, maxBytes);
  if (!text.endsWith('\n')) throw truncated(file, text.split('\n').length);
  try {
    // Nothing but texts, lists and maps: no dates, no merge keys, no tags; aliases are a way to blow a document up.
    const document = parseDocument(text, {
      schema: 'failsafe',
      version: '1.2',
      logLevel: 'silent',
      prettyErrors: false,
      stringKeys: true,
    });
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS({ maxAliasCount: 0 }) as unknown; // every caller checks it against a schema
  } catch (cause) {
    throw notThisFeed(file, 'somewhere', cause);
  }
}

/** A document in either form: YAML where its name says so. Throws as both do. */
export function feedJsonOrYaml(file: FeedFile, maxBytes: number): unknown {
  return /\.ya?ml$/.test(file.name) ? feedYaml(file, maxBytes) : feedJson(file, maxBytes);
}
