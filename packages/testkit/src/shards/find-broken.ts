import pg, { type ClientConfig } from 'pg';
import { brokenRules } from './broken-rules.ts';
import { readCatalogue } from './catalogue.ts';
import { parserOptions, parseStatement } from './parse-statement.ts';

/** A statement as it was sent. */
export interface Sent {
  readonly text: string;
  /** Other for the same text behind views. */
  readonly key: string;
  /** What made the temporary views that stood before tables; null where there were none. */
  readonly views: string | null;
  /** The line that sent it. */
  readonly from: string;
  readonly to: ClientConfig;
}

interface Found {
  /** What breaks a rule, in words. */
  readonly broken: string[];
  /** Keys of texts that nothing can be said of: the database is gone, or has another schema by now. */
  readonly unknown: string[];
}

/** Holds statements against the rules. They are parsed by the database that they were sent to, and not run. */
export async function findBroken(sent: readonly Sent[]): Promise<Found> {
  const found: Found = { broken: [], unknown: [] };
  for (const some of Map.groupBy(sent, ({ to, views }) => `${to.host} ${to.database} ${views}`).values()) {
    const client = new pg.Client({ ...some[0]?.to, options: parserOptions });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      found.unknown.push(...some.map(({ key }) => key));
      continue;
    }
    const catalogue = await readCatalogue(client);
    const hiding = await hideTables(client, some[0]?.views ?? null);
    for (const { text, key, from } of some) {
      const tree = await parseStatement(client, text);
      const rules = tree ? brokenRules(tree, catalogue, hiding) : [];
      if (!tree) found.unknown.push(key);
      if (rules.length > 0) found.broken.push(`${rules.join('; ')}\n${from}\n${text.trim()}`);
    }
    await client.end();
  }
  return found;
}

/** Makes the views of a scope, for this connection alone, and says which they are; null where there is none. */
export async function hideTables(client: pg.Client, text: string | null): Promise<ReadonlySet<string> | null> {
  if (text === null) return null;
  await client.query(text);
  const { rows } = await client.query<{ oid: string }>(
    "select oid::text from pg_class where relnamespace = pg_my_temp_schema() and relkind = 'v'",
  );
  return new Set(rows.map(({ oid }) => oid));
}
