import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { mergeKnowledge } from '@vedette/feeds';
import { isCovered } from '@vedette/matching';
import { EcosystemName, firstRegisteredCheckNumber, Vulnerability, type Advisory, type RecordOrigin } from '@vedette/protocol';
import { z } from 'zod';
import { knowledgeSchema } from './knowledge-schema.ts';
import { namesOf } from './related-advisories.ts';

/** Writes a knowledge base; the file is complete only after finish(). */
export class KnowledgeWriter {
  readonly #database: DatabaseSync;
  readonly #insertAdvisory;
  readonly #insertSubject;
  readonly #insertName;
  readonly #insertCoverage;
  readonly #upsertFacts;
  readonly #knownFacts;
  /** Numbers of origins by feed and location. */
  readonly #origins = new Map<string, number>();

  constructor(file: string) {
    rmSync(file, { force: true });
    this.#database = new DatabaseSync(file);
    // The file is thrown away when anything goes wrong, so nothing needs to reach the disk before the end.
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000;');
    this.#database.exec(knowledgeSchema);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#insertAdvisory = prepare(
      'INSERT INTO advisory (id, feed, published, statements, origin, record) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#insertSubject = prepare('INSERT OR IGNORE INTO subject VALUES (?, ?, ?)');
    this.#insertName = prepare('INSERT OR IGNORE INTO name VALUES (?, ?)');
    this.#insertCoverage = prepare('INSERT OR IGNORE INTO coverage VALUES (?, ?)');
    this.#upsertFacts = prepare('INSERT OR REPLACE INTO vulnerability VALUES (?, ?)');
    this.#knownFacts = prepare('SELECT v.record FROM json_each(?) w JOIN vulnerability v ON v.id = w.value');
  }

  /**
   * Adds records that came from one location (RecordOrigin); an advisory of the same name is replaced, facts of the same vulnerability
   * are joined, the later word winning.
   */
  add(advisories: readonly Advisory[], vulnerabilities: readonly Vulnerability[], location = ''): void {
    this.#database.exec('BEGIN');
    for (const advisory of advisories) this.#addAdvisory(advisory, this.#originNumber(advisory.feed, location));
    this.#addFacts(vulnerabilities);
    this.#database.exec('COMMIT');
  }

  /** What is known of the origin itself comes with feedState(). */
  #originNumber(feed: string, location: string): number {
    const key = `${feed} ${location}`;
    const number = this.#origins.get(key) ?? this.#origins.size + 1;
    this.#origins.set(key, number);
    return number;
  }

  #addAdvisory(advisory: Advisory, origin: number): void {
    this.#remove('id = ?', advisory.id);
    const { id, feed, published, affected } = advisory;
    const record = JSON.stringify(advisory);
    const { lastInsertRowid: row } = this.#insertAdvisory.run(id, feed, published, affected.length, origin, record);
    for (const { ecosystem, package: name, release } of affected) {
      this.#insertSubject.run(ecosystem, name, row);
      this.#insertCoverage.run(ecosystem, release);
    }
    for (const name of namesOf(advisory)) this.#insertName.run(name, row);
  }

  #addFacts(vulnerabilities: readonly Vulnerability[]): void {
    if (vulnerabilities.length === 0) return;
    const rows = this.#knownFacts.all(JSON.stringify(vulnerabilities.map(({ id }) => id)));
    const known = z.array(Vulnerability).parse(rows.map((row) => JSON.parse(String(row['record'])) as unknown)); // written by this class
    const none = { advisories: [], origins: [] };
    const joined = mergeKnowledge([
      { ...none, vulnerabilities: known },
      { ...none, vulnerabilities },
    ]);
    for (const facts of joined.vulnerabilities) this.#upsertFacts.run(facts.id, JSON.stringify(facts));
  }

  /** Takes everything back that a feed brought. */
  removeFeed(feed: string): void {
    this.#remove('feed = ?', feed);
  }

  /** `condition` is text of this class, never of a user. */
  #remove(condition: 'id = ?' | 'feed = ?', value: string): void {
    for (const row of this.#database.prepare(`SELECT rowid AS n, record FROM advisory WHERE ${condition}`).all(value)) {
      const number = Number(row['n']);
      this.#database.prepare('DELETE FROM advisory WHERE rowid = ?').run(number);
      const advisory = JSON.parse(String(row['record'])) as Advisory; // written by this class
      for (const { ecosystem, package: name } of advisory.affected) {
        this.#database
          .prepare('DELETE FROM subject WHERE ecosystem = ? AND package = ? AND advisory = ?')
          .run(ecosystem, name, number);
      }
      for (const name of namesOf(advisory))
        this.#database.prepare('DELETE FROM name WHERE name = ? AND advisory = ?').run(name, number);
    }
  }

  /** Names of all vulnerabilities that an advisory speaks of, whatever their form. */
  names(): Set<string> {
    return new Set(
      this.#database
        .prepare('SELECT DISTINCT name FROM name')
        .all()
        .map((row) => String(row['name'])),
    );
  }

  feedState(feed: string, state: { records: number; origins: readonly RecordOrigin[]; problem: string | null }): void {
    const counted = this.#database
      .prepare('SELECT count(*) AS a, coalesce(sum(statements), 0) AS s FROM advisory WHERE feed = ?')
      .get(feed);
    this.#database
      .prepare('INSERT OR REPLACE INTO feed_state VALUES (?, ?, ?, ?, ?)')
      .run(feed, state.records, Number(counted?.['a'] ?? 0), Number(counted?.['s'] ?? 0), state.problem);
    for (const origin of state.origins) {
      this.#database
        .prepare('INSERT OR REPLACE INTO origin VALUES (?, ?, ?, ?, ?)')
        .run(this.#originNumber(feed, origin.location), feed, origin.location, origin.retrievedAt, origin.sha256);
    }
  }

  /**
   * Drops facts about what no advisory names, gives numbers to checks that have none by computation, in the order of their names,
   * and closes the file.
   */
  finish(madeAt: string, keptNumbers: ReadonlyMap<string, number> = new Map()): void {
    const database = this.#database;
    const keep = database.prepare('INSERT OR IGNORE INTO registered (number, name) VALUES (?, ?)');
    database.exec('BEGIN; DELETE FROM vulnerability WHERE id NOT IN (SELECT name FROM name);');
    for (const [name, number] of keptNumbers) keep.run(number, name);
    const names = database
      .prepare(
        "SELECT DISTINCT name FROM name WHERE name NOT GLOB 'CVE-*' AND name NOT IN (SELECT name FROM registered) ORDER BY name",
      )
      .all();
    const last = Number(
      database.prepare('SELECT max(number) AS n FROM registered').get()?.['n'] ?? firstRegisteredCheckNumber - 1,
    );
    const next = Math.max(last, firstRegisteredCheckNumber - 1) + 1;
    names.forEach((row, index) => keep.run(next + index, String(row['name'])));
    this.#dropThinCoverage();
    database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run('madeAt', madeAt);
    database.exec('COMMIT; ANALYZE;');
    database.close();
  }

  /** Statements of one advisory about one package count once. */
  #dropThinCoverage(): void {
    for (const row of this.#database.prepare('SELECT ecosystem, count(*) AS n FROM subject GROUP BY ecosystem').all()) {
      const ecosystem = EcosystemName.parse(row['ecosystem']); // written by this class
      if (!isCovered(ecosystem, Number(row['n'])))
        this.#database.prepare('DELETE FROM coverage WHERE ecosystem = ?').run(ecosystem);
    }
  }

  abandon(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
