import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** A signed request of an agent, as it came. */
export interface HeldRequest {
  readonly path: string;
  readonly agentId: string;
  /** Content-Digest of the body: an agent that sends the same again has it kept once. */
  readonly digest: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

export interface RequestStoreOptions {
  readonly file: string;
  readonly maxBytes: number;
}

/** Of one agent, so that none takes the place of all. */
const maxOfAgent = 16;
const maxAgents = 200_000;

/**
 * What agents sent while the platform was away, on disk, in the order in which it came. Only of agents that the platform has accepted
 * before: a stranger could else fill it.
 */
export class RequestStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #maxBytes: number;
  readonly #agents: Set<string>;
  #requests: number;
  #bytes: number;

  constructor({ file, maxBytes }: RequestStoreOptions) {
    this.#maxBytes = maxBytes;
    this.#database = new DatabaseSync(file);
    chmodSync(file, 0o600);
    this.#database.exec(`
      pragma journal_mode = wal; pragma synchronous = full;
      create table if not exists held (
        id integer primary key autoincrement, agent text not null, digest text not null, path text not null, headers text not null,
        body blob not null, received integer not null, unique (agent, path, digest)
      );
      create table if not exists agent (id text primary key, seen integer not null) without rowid;
    `);
    const agents = this.#database.prepare('select id from agent').all() as { id: string }[]; // as written below
    this.#agents = new Set(agents.map(({ id }) => id));
    const sums = this.#database.prepare('select count(*) as requests, coalesce(sum(length(body)), 0) as bytes from held').get();
    ({ requests: this.#requests, bytes: this.#bytes } = sums as { requests: number; bytes: number }); // as selected
  }

  get state() {
    const oldest = this.#database.prepare('select min(received) as at from held').get() as { at: number | null };
    const oldestAt = oldest.at === null ? null : new Date(oldest.at).toISOString();
    return { requests: this.#requests, bytes: this.#bytes, maxBytes: this.#maxBytes, oldestAt };
  }

  /** The platform has taken a request of this agent. */
  remember(agentId: string, now: number): void {
    if (this.#agents.has(agentId)) return;
    this.#agents.add(agentId);
    this.#database.prepare('insert or replace into agent values (?, ?)').run(agentId, now);
    if (this.#agents.size > maxAgents) this.#forgetOldest();
  }

  /** Whether it is on disk now. The same again replaces the one before, whose signature is older. */
  hold({ path, agentId, digest, headers, body, receivedAt }: HeldRequest): boolean {
    if (!this.#agents.has(agentId)) return false;
    const replaced = this.#database
      .prepare('update held set headers = ?, received = ? where agent = ? and path = ? and digest = ?')
      .run(JSON.stringify(headers), receivedAt, agentId, path, digest);
    if (replaced.changes > 0) return true;
    const { ofAgent } = this.#database.prepare('select count(*) as ofAgent from held where agent = ?').get(agentId) as {
      ofAgent: number;
    };
    if (this.#bytes + body.length > this.#maxBytes || ofAgent >= maxOfAgent) return false;
    this.#database
      .prepare('insert into held (agent, digest, path, headers, body, received) values (?, ?, ?, ?, ?, ?)')
      .run(agentId, digest, path, JSON.stringify(headers), body, receivedAt);
    this.#requests += 1;
    this.#bytes += body.length;
    return true;
  }

  /** The one that waits longest. */
  next(): (HeldRequest & { readonly id: number }) | null {
    const row = this.#database.prepare('select * from held order by id limit 1').get();
    if (!row) return null;
    const { id, agent, digest, path, headers, body, received } = row as unknown as Row; // as written above
    return {
      id,
      agentId: agent,
      digest,
      path,
      headers: JSON.parse(headers) as Record<string, string>, // likewise
      body: Buffer.from(body),
      receivedAt: received,
    };
  }

  remove({ id, body }: { readonly id: number; readonly body: Buffer }): void {
    if (this.#database.prepare('delete from held where id = ?').run(id).changes === 0) return;
    this.#requests -= 1;
    this.#bytes -= body.length;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #forgetOldest(): void {
    const gone = this.#database.prepare('select id from agent order by seen limit ?').all(maxAgents / 10) as { id: string }[];
    for (const { id } of gone) {
      this.#agents.delete(id);
      this.#database.prepare('delete from agent where id = ?').run(id);
    }
  }
}

interface Row {
  readonly id: number;
  readonly agent: string;
  readonly digest: string;
  readonly path: string;
  readonly headers: string;
  readonly body: Uint8Array;
  readonly received: number;
}
