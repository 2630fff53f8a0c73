import pg, { type ClientConfig } from 'pg';
import { brokenRules } from './broken-rules.ts';
import { readCatalogue } from './catalogue.ts';
import { parserOptions, parseStatement } from './parse-statement.ts';

/** A statement as it was sent. */
export interface Sent {
  readonly text: string;
  /** The line that sent it. */
  readonly from: string;
  readonly to: ClientConfig;
}

interface Found {
  /** What breaks a rule, in words. */
  readonly broken: string[];
  /** Texts that nothing can be said of: the database is gone, or has another schema by now. */
  readonly unknown: string[];
}

/** Holds statements against the rules. They are parsed by the database that they were sent to, and not run. */
export async function findBroken(sent: readonly Sent[]): Promise<Found> {
  const found: Found = { broken: [], unknown: [] };
  for (const some of Map.groupBy(sent, ({ to }) => `${to.host} ${to.database}`).values()) {
    const client = new pg.Client({ ...some[0]?.to, options: parserOptions });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      found.unknown.push(...some.map(({ text }) => text));
      continue;
    }
    const catalogue = await readCatalogue(client);
    for (const { text, from } of some) {
      const tree = await parseStatement(client, text);
      const rules = tree ? brokenRules(tree, catalogue) : [];
      if (!tree) found.unknown.push(text);
      if (rules.length > 0) found.broken.push(`${rules.join('; ')}\n${from}\n${text.trim()}`);
    }
    await client.end();
  }
  return found;
}
