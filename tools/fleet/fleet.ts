import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import {
  agentPaths,
  type CheckIn,
  type FactRow,
  rowHash,
  RowSetDigest,
  type SentSyncDocument,
  type SyncReply,
  toColumns,
} from '@vedette/protocol';
import { parseCheckInReply, parseEnrolled, parseSyncReply } from '../../apps/agent/src/transport/replies.ts';
import { type CatalogueEntry, hashedId, readCatalogue } from './catalogue.ts';
import type { FleetConnection, Reply } from './connection.ts';
import { FleetPlan, type Installed } from './inventory.ts';
import { derivedBytes } from './random.ts';

/** What has to be kept of an agent; the rest is made up again from the seed. */
export interface AgentState {
  readonly index: number;
  agentId: string;
  assetId: string;
  /** Acknowledged sequence and digest of the packages; of the other collectors the sequence is 1 once they are there. */
  sequence: number;
  digest: string;
  /** Only for agents that changed: the packages as acknowledged. */
  installed: Installed | null;
  /** Collectors it has beside the packages; null: all. */
  collectors: ReadonlySet<string> | null;
}

/** What is asked of a platform that cannot take it now. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('the platform is busy');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The platform says no for good: trying again would not help. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** DER header of an Ed25519 private key (RFC 8410): 32 bytes follow. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const agentVersion = '0.1.0-simulated';
const collectedAt = '2026-11-22T12:00:00Z';

/** Simulated agents that speak the protocol of real ones: their keys and inventories follow from the seed. */
export class Fleet {
  readonly plan: FleetPlan;
  readonly agents: AgentState[];
  readonly #seed: number;
  readonly #connection: FleetConnection;
  /** Digests of facts that many assets share. */
  readonly #hashes = new Map<string, bigint>();
  readonly #keys = new Map<number, KeyObject>();
  /** Digests of all collectors but the packages, by asset: they never change. */
  readonly #factDigests = new Map<number, readonly (readonly [collector: string, digest: string])[]>();

  constructor(seed: number, size: number, connection: FleetConnection) {
    this.#seed = seed;
    this.#connection = connection;
    this.plan = new FleetPlan(seed, readCatalogue());
    this.agents = Array.from({ length: size }, (_, index) => {
      return { index, agentId: '', assetId: '', sequence: 0, digest: '0'.repeat(64), installed: null, collectors: null };
    });
  }

  publicKey(index: number): Buffer {
    return Buffer.from(createPublicKey(this.#key(index)).export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  async enroll(agent: AgentState, activationKey: string): Promise<void> {
    const key = this.#key(agent.index);
    const publicKey = this.publicKey(agent.index);
    const message = {
      activationKey,
      publicKey: publicKey.toString('base64'),
      hostname: this.plan.asset(agent.index).hostname,
      agentVersion,
      machineId: hashedId(`machine ${this.#seed} ${agent.index}`),
    };
    const reply = taken(await this.#connection.post(agentPaths.enroll, message, { key, keyid: publicKey.toString('base64url') }));
    const { agentId, assetId, platformPublicKey } = parseEnrolled(reply);
    this.#connection.trust(platformPublicKey);
    Object.assign(agent, { agentId, assetId });
  }

  /** Everything, as an agent sends it after enrollment. */
  async firstSync(agent: AgentState): Promise<void> {
    const documents = this.firstDocuments(agent);
    const packages = documents.at(-1);
    if (!packages) return;
    const ahead = await this.#sync(agent, documents);
    // The platform knows this agent from an earlier run, in which its packages changed: everything once more, above what it has.
    const sequence = ahead === null ? 1 : ahead + 1;
    if (ahead !== null) await this.#sync(agent, [{ ...packages, sequence }]);
    Object.assign(agent, { sequence, digest: packages.digest });
  }

  /** The packages come last. */
  firstDocuments(agent: AgentState): SentSyncDocument[] {
    const asset = this.plan.asset(agent.index);
    const facts = [...this.plan.facts(asset)].map(([collector, rows]) => {
      return { ...snapshot, collector, digest: this.digest(rows), rows: toColumns(rows) };
    });
    const entries = this.plan.entries(asset, this.plan.installed(asset));
    const packages = toColumns(entries.map(({ row }) => row));
    return [...facts, { ...snapshot, collector: 'dpkg', digest: this.packagesDigest(entries), rows: packages }];
  }

  packagesDigest(entries: readonly CatalogueEntry[]): string {
    const digest = new RowSetDigest();
    for (const { hashNumber } of entries) digest.add(hashNumber);
    return digest.hex();
  }

  /** Some packages were upgraded since the last time: one delta. */
  async delta(agent: AgentState): Promise<void> {
    const asset = this.plan.asset(agent.index);
    const installed = Int8Array.from(agent.installed ?? this.plan.installed(asset));
    await this.#change(agent, installed, this.plan.drift(asset, installed, agent.sequence));
  }

  /** Takes the package that advisories speak of most from its newest version to its oldest, or back: detections come and go. */
  async toggleWeakness(agent: AgentState): Promise<void> {
    const { packages } = this.plan.asset(agent.index).release;
    const installed = Int8Array.from(agent.installed ?? this.plan.installed(this.plan.asset(agent.index)));
    let at = -1;
    for (const [index, version] of installed.entries())
      if (version >= 0 && (packages[index]?.length ?? 0) > (packages[at]?.length ?? 1)) at = index;
    const versions = packages[at] ?? [];
    const [before, next] = [installed[at] ?? 0, installed[at] === 0 ? versions.length - 1 : 0];
    const [replaced, added] = [versions[before], versions[next]];
    if (!replaced || !added) throw new Error(`asset ${agent.index} has no package that advisories speak of`);
    installed[at] = next;
    await this.#change(agent, installed, { added: [added], replaced: [replaced] });
  }

  async #change(
    agent: AgentState,
    installed: Installed,
    { added, replaced }: { added: readonly CatalogueEntry[]; replaced: readonly CatalogueEntry[] },
  ): Promise<void> {
    const digest = new RowSetDigest(agent.digest);
    for (const { hashNumber } of replaced) digest.remove(hashNumber);
    for (const { hashNumber } of added) digest.add(hashNumber);
    const sequence = agent.sequence + 1;
    const rows = toColumns(added.map(({ row }) => row));
    await this.#sync(agent, [{ ...snapshot, collector: 'dpkg', kind: 'delta', sequence, digest: digest.hex(), rows }]);
    Object.assign(agent, { installed, sequence, digest: digest.hex() });
  }

  /** Collectors that the platform wants again: none, unless it lost something. */
  async checkIn(agent: AgentState): Promise<readonly string[]> {
    const state = { status: 'complete' as const };
    const facts = this.#digestsOf(agent).map(([name, digest]) => ({ name, sequence: 1, digest, ...state }));
    const message: CheckIn = {
      agentVersion,
      sentAt: new Date().toISOString(),
      collectors: [...facts, { name: 'dpkg', sequence: agent.sequence, digest: agent.digest, ...state }],
      consumption: { cpuSeconds: 1, rssBytes: 4e7, peakRssBytes: 6e7, unevictableBytes: 2e7, sentBytes: 1e4, uptimeSeconds: 900 },
    };
    const reply = await this.#connection.post(agentPaths.checkIn, message, this.#sender(agent));
    return parseCheckInReply(taken(reply)).resend;
  }

  /** The sequence of the packages that the platform has, where it wants a snapshot above it; null when it took everything. */
  async #sync(agent: AgentState, documents: readonly SentSyncDocument[]): Promise<number | null> {
    const reply = await this.#connection.post(agentPaths.sync, { documents }, this.#sender(agent));
    const { results }: SyncReply = parseSyncReply(taken(reply));
    const ahead = results.find(({ collector, outcome }) => collector === 'dpkg' && outcome === 'resend');
    if (ahead && documents.some(({ collector, kind }) => collector === 'dpkg' && kind === 'snapshot')) return ahead.sequence;
    const refused = results.find(({ outcome }) => outcome !== 'accepted' && outcome !== 'duplicate');
    if (refused || results.length < documents.length)
      throw new RefusedError(`the platform did not take a document: ${JSON.stringify(refused ?? results)}`);
    return null;
  }

  #digestsOf(agent: AgentState): readonly (readonly [collector: string, digest: string])[] {
    const known = this.#factDigests.get(agent.index);
    if (known) return known;
    const digests = [...this.plan.facts(this.plan.asset(agent.index))]
      .filter(([name]) => agent.collectors === null || agent.collectors.has(name))
      .map(([name, rows]) => [name, this.digest(rows)] as const);
    this.#factDigests.set(agent.index, digests);
    return digests;
  }

  #sender(agent: AgentState) {
    return { key: this.#key(agent.index), keyid: agent.agentId };
  }

  #key(index: number): KeyObject {
    const known = this.#keys.get(index);
    if (known) return known;
    const seed = derivedBytes(`agent key ${this.#seed} ${index}`);
    const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
    this.#keys.set(index, key);
    return key;
  }

  digest(rows: readonly FactRow[]): string {
    const digest = new RowSetDigest();
    for (const row of rows) {
      const text = JSON.stringify(row);
      const hash = this.#hashes.get(text) ?? rowHash(row, (canonical) => createHash('sha256').update(canonical).digest());
      if (this.#hashes.size < 100_000) this.#hashes.set(text, hash);
      digest.add(hash);
    }
    return digest.hex();
  }
}

const snapshot = { version: 1, kind: 'snapshot', sequence: 1, collectedAt, status: 'complete' } as const;

/** The body of a reply that says yes. Throws BusyError for "not now", Error for all else. */
function taken({ status, body, retryAfterSeconds }: Reply): unknown {
  if (status === 200) return body;
  if (status === 503) throw new BusyError(retryAfterSeconds);
  const problem = `status ${status}: ${JSON.stringify(body).slice(0, 300)}`;
  throw status >= 500 ? new Error(problem) : new RefusedError(problem);
}
