import { DatabaseSync } from 'node:sqlite';
import { Advisory, Vulnerability } from '@vedette/protocol';
import { databaseSource } from './database-source.ts';
import type { FeedCount } from './knowledge-source.ts';

/** A knowledge base that is about to be replaced. */
export interface PreviousKnowledge {
  readonly feeds: ReadonlyMap<string, FeedCount>;
  /** Numbers once given to checks, which stay theirs forever. */
  readonly registered: ReadonlyMap<string, number>;
  /** In portions of one location each, so that memory holds no whole feed. */
  advisoriesOf(feed: string): Generator<{ readonly location: string; readonly advisories: Advisory[] }>;
  /** All it knows about vulnerabilities, in portions. */
  facts(): Generator<Vulnerability[]>;
  close(): void;
}

const portion = 2000;

/** Throws CliError FAILURE for a file that is no knowledge base: it is not overwritten. */
export function readPrevious(file: string): PreviousKnowledge {
  const source = databaseSource(file);
  const { feeds } = source.state();
  source.close();
  const database = new DatabaseSync(file, { readOnly: true });
  const registered = database.prepare('SELECT name, number FROM registered').all();
  return {
    feeds: new Map(feeds.map((feed) => [feed.feed, feed])),
    registered: new Map(registered.map((row) => [String(row['name']), Number(row['number'])])),
    *advisoriesOf(feed) {
      let last = 0;
      for (;;) {
        const rows = database
          .prepare(
            `SELECT a.rowid AS n, a.record, coalesce(o.location, '') AS location FROM advisory a LEFT JOIN origin o ON o.number = a.origin
             WHERE a.feed = ? AND a.rowid > ? ORDER BY a.rowid LIMIT ?`,
          )
          .all(feed, last, portion);
        if (rows.length === 0) return;
        last = Number(rows.at(-1)?.['n']);
        for (const [location, ones] of Map.groupBy(rows, (row) => String(row['location'])))
          yield { location, advisories: ones.map((row) => Advisory.parse(JSON.parse(String(row['record'])))) };
      }
    },
    *facts() {
      let last = '';
      for (;;) {
        const rows = database.prepare('SELECT id, record FROM vulnerability WHERE id > ? ORDER BY id LIMIT ?').all(last, portion);
        if (rows.length === 0) return;
        last = String(rows.at(-1)?.['id']);
        yield rows.map((row) => Vulnerability.parse(JSON.parse(String(row['record']))));
      }
    },
    close: () => database.close(),
  };
}
