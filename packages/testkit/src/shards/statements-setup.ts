import pg from 'pg';
import { afterAll } from 'vitest';
import type { Sent } from './find-broken.ts';

/** What this worker's tests have made the server send, each text once, and what of it was not looked at yet. */
const known = new Set<string>();
let fresh: Sent[] = [];
/** Temporary views of connections within an asset scope (scoped-pool.ts), as they were made. */
const viewsOf = new WeakMap<pg.Client, string>();

/**
 * vitest setupFile: holds every statement that the server sends in any test against what a database in shards takes (broken-rules.ts). What
 * tests themselves ask is theirs.
 */
const send = Reflect.get(pg.Client.prototype, 'query') as (...parameters: unknown[]) => unknown; // whichever of its many forms
if (send.name !== 'sendAndNote') {
  pg.Client.prototype.query = function sendAndNote(this: pg.Client, ...parameters: unknown[]) {
    note(this, parameters[0]);
    return send.apply(this, parameters);
  } as pg.Client['query'];
}

function note(client: pg.Client, query: unknown): void {
  const text = typeof query === 'string' ? query : (query as { readonly text?: unknown } | null)?.text; // every form has its text there
  if (typeof text !== 'string') return;
  if (text.includes('create temporary view')) viewsOf.set(client, text);
  const views = viewsOf.get(client) ?? null;
  const key = views ? `within a scope: ${text}` : text;
  if (known.has(key) || !/^\s*(?:--.*\s+)*(?:with|select|insert|update|delete)\b/i.test(text)) return;
  known.add(key);
  const from = sender();
  const isOfTest = /\.test\.ts|\/src\/testing\/|\/testkit\/|\/migrations\//.test(from);
  const { host, port, user, password, database } = client;
  const to = { host, port, user, password: password ?? undefined, database: database ?? undefined };
  if (!isOfTest) fresh.push({ text, key, views, from, to });
}

/** The innermost line of ours, also behind many awaits. */
function sender(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  const lines = new Error().stack?.split('\n') ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  return (
    lines.find((line) => /\/(?:apps|packages|tools|tests)\//.test(line) && !/node_modules|statements-setup/.test(line))?.trim() ??
    'test'
  );
}

afterAll(async () => {
  const sent = fresh;
  fresh = [];
  if (sent.length === 0) return;
  // Only now: most tests have no database.
  const { findBroken } = await import('./find-broken.ts');
  const { broken, unknown } = await findBroken(sent);
  for (const key of unknown) known.delete(key);
  if (broken.length > 0) throw new Error(`a database in shards would not take this (docs/scale.md):\n\n${broken.join('\n\n')}`);
});
