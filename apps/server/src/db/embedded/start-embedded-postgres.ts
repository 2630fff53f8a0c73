import { setTimeout as delay } from 'node:timers/promises';
import { pid } from 'node:process';
import { Client, type PoolConfig } from 'pg';
import { type Account, postgresAccount } from './account.ts';
import { packagedBinaries, usableBinaries } from './binaries.ts';
import { ensureCluster, superuser } from './cluster.ts';
import { EmbeddedPostgresError, errorFromFileSystem, errorFromOutput } from './embedded-postgres-error.ts';
import { choosePlace, type Place } from './place.ts';
import { livePostmaster, type StartedPostmaster, spawnPostmaster, stopPostmaster } from './postmaster.ts';

export interface EmbeddedPostgresOptions {
  readonly dataDirectory: string;
  /** Progress for people; called seldom. */
  readonly log: (message: string) => void;
  readonly signal?: AbortSignal;
  /** false: several processes share it and disposing leaves it running (tests). Default true. */
  readonly exclusive?: boolean;
  /** Added to the postmaster's settings. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the data go when the account cannot reach dataDirectory; default /var/lib/vedette. */
  readonly fallbackDirectory?: string;
  /** Directory of the package with the binaries; default: the installed one. */
  readonly binaries?: string;
}

export interface EmbeddedPostgres extends AsyncDisposable {
  /** For pg: socket directory, user and database. */
  readonly connection: PoolConfig & { host: string; user: string; database: string };
  /** Where the data really are. */
  readonly directory: string;
  readonly postmasterPid: () => number;
}

interface Supervised {
  readonly place: Place;
  readonly binaries: string;
  readonly account: Account;
  readonly options: EmbeddedPostgresOptions;
}

// Any number, the same in every version: two of our servers must not share a cluster.
const lockKey = 8420;
const progressEveryMs = 5000;
const stopPatienceMs = 2000;
// Backends that lost their postmaster notice within a moment and keep its shared memory until then.
const orphansPatience = 150;

/**
 * Starts the PostgreSQL that comes in npm packages, or adopts the one that outlived a killed server, and keeps it running
 * until disposed. Creates the data directory and the database at first use. Throws EmbeddedPostgresError.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = postgresAccount();
  const place = await choosePlace(options.dataDirectory, account, options.fallbackDirectory);
  if (!place.asWanted) {
    options.log(`the database user cannot reach ${options.dataDirectory}; the data are in ${place.root}`);
  }
  const binaries = await usableBinaries(options.binaries ?? packagedBinaries(), account, place.root).catch((error: unknown) => {
    throw errorFromFileSystem(place.root, error);
  });
  await ensureCluster(place, binaries, account);
  const supervised = { place, binaries, account, options };
  let running = await ensureRunning(supervised);
  let guard = await openGuard(place, options.exclusive ?? true);
  let stopping = false;

  // The guard's connection ends when the postmaster dies or restarts itself: the one event that tells both.
  let reviving = Promise.resolve();
  const watch = (client: Client): void => {
    client.once('end', () => {
      if (!stopping) reviving = revive();
    });
  };
  const revive = async (): Promise<void> => {
    options.log('the database stopped unexpectedly; starting it again');
    for (let attempt = 1; !stopping; attempt += 1) {
      try {
        running = await ensureRunning(supervised);
        guard = await openGuard(place, options.exclusive ?? true);
        watch(guard);
        return;
      } catch (error) {
        options.log(`the database cannot be started again: ${error instanceof Error ? error.message : String(error)}`);
        await delay(Math.min(attempt * 200, 10_000));
      }
    }
  };
  watch(guard);

  return {
    connection: { host: place.socketDirectory, user: superuser, database: superuser },
    directory: place.root,
    postmasterPid: () => running,
    async [Symbol.asyncDispose]() {
      stopping = true;
      await reviving;
      await guard.end().catch(() => undefined); // already gone with its postmaster: nothing left to release
      if (options.exclusive ?? true) await stopPostmaster(running, stopPatienceMs);
    },
  };
}

/** Returns the process id of a postmaster that answers queries, started now or found running. */
async function ensureRunning(supervised: Supervised): Promise<number> {
  const { place, options } = supervised;
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    const found = livePostmaster(place);
    const started =
      found === null ? await spawnPostmaster(place, supervised.binaries, supervised.account, options.settings ?? {}) : undefined;
    const id = found ?? started?.pid ?? -1;
    if (await becomesReady(id, supervised, started)) return id;
    if (started === undefined) continue; // the one we found was on its way down
    const output = await started.output();
    if (livePostmaster(place) === null && !(isTransient(output) && attempt < orphansPatience))
      throw errorFromOutput('Starting the database', output);
    await delay(100);
  }
}

/** A postmaster that is just going down, or just coming up: started by a server that was killed a moment ago, it holds its lock files. */
function isTransient(output: string): boolean {
  return output.includes('pre-existing shared memory block') || output.includes('lock file "');
}

/** Waits as long as the process lives: recovery takes what it takes. False when it ended. */
async function becomesReady(id: number, { place, options }: Supervised, started?: StartedPostmaster): Promise<boolean> {
  let gone = false;
  void started?.exited.then(() => {
    gone = true;
  });
  const begun = performance.now();
  let nextProgress = progressEveryMs;
  while (!gone) {
    if (options.signal?.aborted) {
      if (started) await stopPostmaster(id, stopPatienceMs);
      options.signal.throwIfAborted();
    }
    const answer = await probe(place);
    if (answer === 'ready') return true;
    if (started === undefined && livePostmaster(place) !== id) return false;
    const waitedMs = performance.now() - begun;
    if (waitedMs > nextProgress) {
      options.log(`waiting for the database, ${Math.round(waitedMs / 1000)} s: ${answer}`);
      nextProgress += progressEveryMs;
    }
    await delay(20);
  }
  return false;
}

async function probe(place: Place): Promise<string> {
  const client = connectTo(place);
  try {
    await client.connect();
    // Another cluster's socket in our place would be a grave mistake: data written there are lost for us.
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    if (rows[0]?.data_directory === place.cluster) return 'ready';
    throw new EmbeddedPostgresError(
      'IN_USE',
      `The socket in ${place.socketDirectory} belongs to another database`,
      'Stop that one.',
    );
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    return error instanceof Error ? error.message : String(error); // not yet: no socket, or 57P03 while it recovers
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Takes the lock that says whose this database is, and creates our database inside at first use. Throws IN_USE. */
async function openGuard(place: Place, exclusive: boolean): Promise<Client> {
  const client = connectTo(place);
  client.on('error', () => undefined); // 'end' follows and is dealt with
  await client.connect();
  try {
    if (exclusive) {
      const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [lockKey]);
      if (!rows[0]?.got) throw await inUse(client, place);
    }
    const { rowCount } = await client.query('select from pg_database where datname = $1', [superuser]);
    if (rowCount === 0) await client.query(`create database ${superuser}`).catch(ignoreDuplicate);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

function ignoreDuplicate(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== '42P04' && code !== '23505') throw error; // duplicate_database; unique_violation when both run at once
}

async function inUse(client: Client, place: Place): Promise<EmbeddedPostgresError> {
  const { rows } = await client.query<{ application_name: string }>(
    `select a.application_name from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.objid = $1 and l.granted`,
    [lockKey],
  );
  const owner = rows[0]?.application_name ?? 'another server';
  return new EmbeddedPostgresError(
    'IN_USE',
    `The database in ${place.root} is in use by ${owner}`,
    'Stop that server, or choose another VEDETTE_DATA_DIR.',
  );
}

function connectTo(place: Place): Client {
  return new Client({
    host: place.socketDirectory,
    user: superuser,
    database: 'postgres',
    application_name: `vedette pid ${pid}`,
  });
}
