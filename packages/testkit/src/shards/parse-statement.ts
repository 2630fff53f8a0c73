import type { Client, Connection, Submittable } from 'pg';
import { readQueryTree, type TreeValue } from './query-tree.ts';

/** Of a connection on which statements are parsed: PostgreSQL tells how it understood them. */
export const parserOptions = '-c debug_print_rewritten=on -c debug_pretty_print=off -c client_min_messages=log';

/** The tree of a statement, which is parsed and not run; null where the database does not understand it. */
export async function parseStatement(client: Client, text: string): Promise<TreeValue | null> {
  let tree: string | undefined;
  const hear = ({ message, detail }: { message?: string; detail?: string }): void => {
    if (message?.startsWith('rewritten parse tree')) tree = detail;
  };
  client.on('notice', hear);
  try {
    await new Promise<void>((resolve, reject) => client.query(new ParseOnly(text, resolve, reject)));
  } catch {
    return null;
  } finally {
    client.off('notice', hear);
  }
  return tree === undefined ? null : readQueryTree(tree);
}

/** The first step of a statement with parameters, of which PostgreSQL finds the types itself, as it does for the server. */
class ParseOnly implements Submittable {
  readonly #text: string;
  readonly handleReadyForQuery: () => void;
  readonly handleError: (error: Error) => void;

  constructor(text: string, resolve: () => void, reject: (error: Error) => void) {
    this.#text = text;
    this.handleReadyForQuery = resolve;
    this.handleError = reject;
  }

  submit(connection: Connection): void {
    connection.parse({ name: '', text: this.#text, types: [] }, true);
    connection.sync();
  }
}
