import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { TableNode } from 'kysely';
import type { PoolConfig } from 'pg';
import type { Context } from '../../apps/server/src/context.ts';
import { openDatabase, type OpenDatabase } from '../../apps/server/src/db/database.ts';
import { buildApp } from '../../apps/server/src/http/build-app.ts';
import { testActivationKey, testServer } from '../../apps/server/src/testing/test-server.ts';
import { insertOrganization } from '../../apps/server/src/users/store.ts';
import type { HttpReply } from '../../apps/agent/src/transport/http-exchange.ts';

/** One request as it travels. */
export interface Request {
  /** Name of the machine that sent it. */
  readonly from: string;
  /** On which it was sent; it may have moved since. */
  readonly hardware: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the platform finds while it answers one request: the schedule's clock, and perhaps its own end. */
export interface Turn {
  readonly now: () => number;
  /** After so many queries the server is killed; Infinity: it lives. */
  queriesLeft: number;
}

/** The how many-th process of the platform it is, as a schedule sees it. */
export interface ServerRef {
  readonly lane: number;
  readonly server: number;
}

const serversPerLane = 4;

type Server = Awaited<ReturnType<typeof buildApp>>;

const turns = new AsyncLocalStorage<Turn>();

export class PlatformKilled extends Error {}

type Plugin = Parameters<OpenDatabase['db']['withPlugin']>[0];
type QueryNode = Parameters<Plugin['transformQuery']>[0]['node'];

/** Ends a request in the midst of its transaction, as a killed server or a broken connection does. */
const killer: Plugin = {
  transformQuery({ node }) {
    const turn = turns.getStore();
    if (turn && !isOfAll(node) && turn.queriesLeft-- <= 0) throw new PlatformKilled('killed');
    return node;
  },
  transformResult: async ({ result }) => result,
};

/** Reads the last number of every collector as 0 where documents are compared with it, so that an old snapshot counts as a new one. */
function forgetNumbers(): Plugin {
  const concerned = new WeakSet<object>();
  return {
    transformQuery({ node, queryId }) {
      if (node.kind === 'RawNode' && node.sqlFragments.some((part) => part.includes('snapshot_bytes from collector_state')))
        concerned.add(queryId);
      return node;
    },
    transformResult: async ({ result, queryId }) =>
      concerned.has(queryId) ? { ...result, rows: result.rows.map((row) => ({ ...row, sequence: 0 })) } : result,
  };
}

/** Rows that schedules share, and that are read or not by what is in memory already: counted, they would keep a seed from repeating. */
function isOfAll(node: QueryNode): boolean {
  if (node.kind === 'RawNode') return node.sqlFragments.some((part) => part.includes('package_'));
  if (node.kind !== 'SelectQueryNode') return false;
  const [table] = node.from?.froms ?? [];
  return table?.kind === 'TableNode' && (table as TableNode).table.identifier.name.startsWith('package_');
}

/**
 * The real server on a real PostgreSQL, as several processes that forget at different times: a schedule in which the platform is
 * restarted goes on with the next. Only sockets are left out. Every lane has servers of its own, and one schedule at a time: a batch of
 * the ingest shared by two schedules would fail in both when one of them kills it.
 */
export class SimulatedPlatform implements AsyncDisposable {
  readonly db: OpenDatabase['db'];
  readonly activationKey: string;
  readonly organizationId: string;
  readonly #servers: readonly Server[];
  readonly #close: () => Promise<void>;

  private constructor(
    parts: Pick<SimulatedPlatform, 'db' | 'activationKey' | 'organizationId'>,
    servers: readonly Server[],
    close: () => Promise<void>,
  ) {
    this.db = parts.db;
    this.activationKey = parts.activationKey;
    this.organizationId = parts.organizationId;
    this.#servers = servers;
    this.#close = close;
  }

  static async start(
    connection: PoolConfig,
    { lanes, heedsNumbers }: { lanes: number; heedsNumbers: boolean },
  ): Promise<SimulatedPlatform> {
    const count = serversPerLane * lanes;
    const { db, close } = openDatabase(connection);
    // Each server listens for orders on a connection of its own.
    const listening = openDatabase({ ...connection, max: count + 1 });
    const first = await testServer({ db, connection });
    const organizationId = randomUUID();
    await insertOrganization(db, { id: organizationId, name: 'simulated', createdAt: new Date() });
    const activationKey = await testActivationKey(first, organizationId);
    const context: Context = {
      ...first.context,
      // What agents speak to, and no more: each of the many servers would make an API, too.
      config: { ...first.context.config, role: 'ingest' },
      pool: listening.pool,
      db: heedsNumbers ? db.withPlugin(killer) : db.withPlugin(killer).withPlugin(forgetNumbers()),
      clock: () => new Date(turns.getStore()?.now() ?? Date.now()),
    };
    const servers = await Promise.all(Array.from({ length: count }, () => buildApp(context, first.keeper)));
    return new SimulatedPlatform({ db, activationKey, organizationId }, servers, async () => {
      for (const server of servers) await server.close();
      await first[Symbol.asyncDispose]();
      await listening.close();
      await close();
    });
  }

  /** Throws PlatformKilled when the turn ends the server before it answers. */
  async deliver({ path, headers, body }: Request, turn: Turn, { lane, server }: ServerRef): Promise<HttpReply> {
    const app = this.#servers[lane * serversPerLane + (server % serversPerLane)] as Server; // within its length
    // Awaited inside: an injected request starts when somebody waits for it.
    const reply = await turns.run(turn, async () => await app.inject({ method: 'POST', url: path, headers, payload: body }));
    if (turn.queriesLeft < 0) throw new PlatformKilled('killed');
    const texts = Object.entries(reply.headers).map(([name, value]) => [name, String(value)]);
    return { status: reply.statusCode, headers: Object.fromEntries(texts), body: reply.rawPayload };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
