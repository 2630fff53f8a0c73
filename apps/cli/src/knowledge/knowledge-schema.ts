/** In the header of every knowledge base, so that no other SQLite file is taken for one: "VdK2". */
export const knowledgeApplicationId = 0x56644b32;

/** Records as JSON, found by the packages they speak of and by their names. */
export const knowledgeSchema = `
PRAGMA application_id = ${knowledgeApplicationId};
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE origin (number INTEGER PRIMARY KEY, feed TEXT NOT NULL, location TEXT NOT NULL, retrieved_at TEXT NOT NULL, sha256 TEXT NOT NULL,
  UNIQUE (feed, location));
CREATE TABLE feed_state (feed TEXT PRIMARY KEY, records INTEGER NOT NULL, advisories INTEGER NOT NULL, statements INTEGER NOT NULL, problem TEXT) WITHOUT ROWID;
CREATE TABLE advisory (id TEXT NOT NULL UNIQUE, feed TEXT NOT NULL, published TEXT, statements INTEGER NOT NULL, origin INTEGER NOT NULL, record TEXT NOT NULL);
CREATE TABLE subject (ecosystem TEXT NOT NULL, package TEXT NOT NULL, advisory INTEGER NOT NULL,
  PRIMARY KEY (ecosystem, package, advisory)) WITHOUT ROWID;
CREATE TABLE name (name TEXT NOT NULL, advisory INTEGER NOT NULL, PRIMARY KEY (name, advisory)) WITHOUT ROWID;
CREATE TABLE coverage (ecosystem TEXT NOT NULL, release TEXT NOT NULL, PRIMARY KEY (ecosystem, release)) WITHOUT ROWID;
CREATE TABLE vulnerability (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE registered (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
`;
