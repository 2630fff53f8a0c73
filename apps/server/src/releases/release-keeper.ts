import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContentKind, expiryNoticeDays, type ExpiryLevel, Origins, originsMaxBytes, type Product } from '@vedette/protocol';
import {
  metadataFolder,
  originsTarget,
  programTarget,
  publish,
  type Published,
  readPublished,
  ReleaseError,
  renewOnline,
  type Staged,
  targetFile,
  targetsFolder,
  contentTarget,
} from '@vedette/release';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { loadOnlineKeys, type OnlineKeys } from './online-keys.ts';

/** How often a process looks whether the timestamp must be signed anew, or somebody else has published. */
const lookMs = 60_000;
/** Any number that nobody else uses for advisory locks. */
const publishLock = 0x5665_6412;
const dayMs = 24 * 3600 * 1000;

type Parts = Pick<Context, 'config' | 'db' | 'clock' | 'log'>;

/**
 * The platform's repository of releases on disk: what is published, kept in memory; signs snapshot and timestamp anew in time; takes
 * what offline keys signed. An error here never keeps agents from reporting: it is logged and shown.
 */
export class ReleaseKeeper implements AsyncDisposable {
  readonly #parts: Parts;
  #keys: OnlineKeys | null = null;
  #published: Published | null = null;
  #readAt = '';
  #origins: Origins | null = null;
  #problem: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get directory(): string {
    return this.#parts.config.releasesDirectory;
  }
  get published(): Published | null {
    return this.#published;
  }
  get origins(): Origins | null {
    return this.#origins;
  }
  /** Why the last look failed. */
  get problem(): string | null {
    return this.#problem;
  }

  async start(): Promise<void> {
    for (const folder of [metadataFolder, targetsFolder]) await mkdir(join(this.directory, folder), { recursive: true });
    await this.look();
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  /** Reads what is published if it changed, and signs anew what is due. Never throws. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async keys(): Promise<OnlineKeys> {
    this.#keys ??= await loadOnlineKeys(this.#parts.db);
    return this.#keys;
  }

  /** Publishes what offline keys signed. Throws ReleaseError, and nothing has changed then. */
  async publish(staged: Staged): Promise<Published> {
    const online = (await this.keys()).signers;
    const done = await this.#locked(() => publish(this.directory, staged, { online, now: this.#parts.clock() }));
    await this.#read();
    return done;
  }

  /** Whether signed metadata names a version. */
  hasProgram(product: Product, platform: string, version: string): boolean {
    return Object.hasOwn(this.#published?.code.signed.targets ?? {}, programTarget(product, platform, version));
  }
  hasContent(kind: ContentKind, version: string): boolean {
    return Object.hasOwn(this.#published?.content.signed.targets ?? {}, contentTarget(kind, version));
  }

  /** Every role with its expiry; online ones have a level only when the platform failed to sign them. */
  roles(): { role: string; version: number; expiresAt: string; level: ExpiryLevel; online: boolean }[] {
    if (!this.#published) return [];
    const now = this.#parts.clock();
    return Object.entries(this.#published).map(([role, { signed }]) => {
      const online = role === 'snapshot' || role === 'timestamp';
      const expiresAt = new Date(signed.expires);
      return {
        role,
        version: signed.version,
        expiresAt: expiresAt.toISOString(),
        level: expiryLevel(expiresAt, now, online),
        online,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      await this.#read();
      if (this.#published === null) return;
      const online = (await this.keys()).signers;
      const before = this.#published.timestamp.signed.version;
      const now = this.#parts.clock();
      const renewed = await this.#locked(() => renewOnline(this.directory, { online, now }));
      if (renewed?.timestamp.signed.version !== before) await this.#read();
      this.#problem = null;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#parts.log.error({ err: error }, 'the release repository could not be read or signed anew');
    }
  }

  async #read(): Promise<void> {
    const file = join(this.directory, metadataFolder, 'timestamp.json');
    const changed = await stat(file).then(
      ({ mtimeMs, ino }) => `${mtimeMs} ${ino}`,
      () => '',
    );
    if (changed === this.#readAt) return;
    this.#published = await readPublished(this.directory);
    this.#origins = await this.#readOrigins();
    this.#readAt = changed;
  }

  async #readOrigins(): Promise<Origins | null> {
    const entry = this.#published?.content.signed.targets[originsTarget];
    if (!entry) return null;
    if (entry.length > originsMaxBytes) throw new ReleaseError('REPOSITORY', 'the document of origins is too long');
    const read = Origins.safeParse(JSON.parse(await readFile(targetFile(this.directory, originsTarget, entry), 'utf8')));
    if (!read.success) throw new ReleaseError('REPOSITORY', `the document of origins: ${read.error.issues[0]?.message ?? ''}`);
    return read.data;
  }

  /** One process at a time changes the files. */
  #locked<Result>(act: () => Promise<Result>): Promise<Result> {
    return this.#parts.db.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(${publishLock})`.execute(tx);
      return act();
    });
  }
}

/** An online role is signed anew every few days, so that only what is late is worth a word. */
function expiryLevel(expiresAt: Date, now: Date, online: boolean): ExpiryLevel {
  const days = (expiresAt.getTime() - now.getTime()) / dayMs;
  if (days <= 0) return 'expired';
  if (online) return days < 1 ? 'critical' : 'ok';
  const { critical, warning, notice } = expiryNoticeDays;
  if (days <= critical) return 'critical';
  if (days <= warning) return 'warning';
  return days <= notice ? 'notice' : 'ok';
}
