import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { Advisory, Vulnerability, type KnowledgeInput } from '@vedette/protocol';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import type { FeedCount, KnowledgeSource } from './knowledge-source.ts';
import { recordHash } from './record-hash.ts';
import { namesOf, relatedAdvisories } from './related-advisories.ts';
import { knowledgeApplicationId } from './knowledge-schema.ts';

const Records = z.array(Advisory);
const Facts = z.array(Vulnerability);
type Row = Record<string, SQLOutputValue>;

/** A knowledge base made by `vedette knowledge import`, opened read-only. Throws CliError FAILURE for anything else. */
export function databaseSource(file: string): KnowledgeSource {
  const database = open(file);
  // One JSON list as parameter instead of thousands of placeholders.
  const bySubject = database.prepare(
    `SELECT DISTINCT a.record FROM json_each(?) w JOIN subject s ON s.ecosystem = w.value ->> 0 AND s.package = w.value ->> 1
     JOIN advisory a ON a.rowid = s.advisory`,
  );
  const byName = database.prepare(
    'SELECT DISTINCT a.record FROM json_each(?) w JOIN name n ON n.name = w.value JOIN advisory a ON a.rowid = n.advisory',
  );
  const facts = database.prepare('SELECT v.record FROM json_each(?) w JOIN vulnerability v ON v.id = w.value');
  const covered = new Set(
    database
      .prepare('SELECT ecosystem, release FROM coverage')
      .all()
      .map((row) => `${text(row, 'ecosystem')} ${text(row, 'release')}`),
  );
  const sources = database.prepare(
    `SELECT a.id, a.record, o.feed, o.location, o.retrieved_at, o.sha256 FROM json_each(?) w JOIN advisory a ON a.id = w.value
     JOIN origin o ON o.number = a.origin ORDER BY a.id`,
  );
  const number = database.prepare('SELECT number FROM registered WHERE name = ?');
  const byNames = (names: readonly string[]): Advisory[] => recordsOf(byName.all(JSON.stringify(names)), Records);
  const complete = (first: readonly Advisory[]): KnowledgeInput => {
    const advisories = relatedAdvisories(first, byNames);
    const names = [...new Set(advisories.flatMap(namesOf))];
    return { advisories, vulnerabilities: recordsOf(facts.all(JSON.stringify(names)), Facts), origins: [] };
  };
  return {
    state: () => ({ file, kind: 'database', ...readState(database) }),
    select: (subjects) =>
      complete(recordsOf(bySubject.all(JSON.stringify(subjects.map((one) => [one.ecosystem, one.package]))), Records)),
    selectNames: (names) => complete(byNames(names)),
    covers: (ecosystem, release) => covered.has(`${ecosystem} ${release}`) || covered.has(`${ecosystem} `),
    sourcesOf(ids) {
      return sources.all(JSON.stringify(ids)).map((row) => ({
        id: text(row, 'id'),
        feed: text(row, 'feed'),
        location: text(row, 'location'),
        retrievedAt: text(row, 'retrieved_at'),
        sha256: text(row, 'sha256'),
        recordSha256: recordHash(Advisory.parse(JSON.parse(text(row, 'record')))),
      }));
    },
    registeredNumber(name) {
      const row = number.get(name);
      return row ? Number(row['number']) : null;
    },
    close: () => database.close(),
  };
}

function open(file: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const id = database.prepare('PRAGMA application_id').get()?.['application_id'];
    if (id === knowledgeApplicationId) return database;
  } catch (cause) {
    throw new CliError('FAILURE', `${file} is no knowledge base, or damaged; make it anew with "vedette knowledge import"`, {
      cause,
    });
  }
  database.close();
  throw new CliError('FAILURE', `${file} is no knowledge base of this version; make it anew with "vedette knowledge import"`);
}

function recordsOf<Type extends z.ZodType>(rows: readonly Row[], type: Type): z.output<Type> {
  return type.parse(JSON.parse(`[${rows.map((row) => text(row, 'record')).join(',')}]`));
}

function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}

function readState(database: DatabaseSync) {
  const count = (sql: string): number => Number(database.prepare(sql).get()?.['n'] ?? 0);
  const origins = database.prepare('SELECT feed, location, retrieved_at, sha256 FROM origin ORDER BY number').all();
  const feeds = database.prepare('SELECT feed, records, advisories, statements, problem FROM feed_state ORDER BY feed').all();
  return {
    madeAt: text(database.prepare("SELECT value FROM meta WHERE key = 'madeAt'").get() ?? {}, 'value'),
    newest: text(database.prepare('SELECT max(published) AS day FROM advisory').get() ?? {}, 'day') || null,
    advisories: count('SELECT count(*) AS n FROM advisory'),
    statements: count('SELECT coalesce(sum(statements), 0) AS n FROM advisory'),
    vulnerabilities: count('SELECT count(*) AS n FROM vulnerability'),
    feeds: feeds.map((row): FeedCount => ({
      feed: text(row, 'feed'),
      records: Number(row['records']),
      advisories: Number(row['advisories']),
      statements: Number(row['statements']),
      problem: text(row, 'problem') || null,
      origins: origins
        .filter((origin) => origin['feed'] === row['feed'])
        .map((origin) => ({
          feed: text(origin, 'feed'),
          location: text(origin, 'location'),
          retrievedAt: text(origin, 'retrieved_at'),
          sha256: text(origin, 'sha256'),
        })),
    })),
  };
}
