import { uptime } from 'node:process';
import { hash } from 'node:crypto';
import {
  agentPaths,
  type CheckIn,
  type Order,
  type Orders,
  type OrdersReply,
  type Machine,
  type SentSyncDocument,
  type SyncReply,
} from '@vedette/protocol';
import { processUsage, type ProcessUsage } from '@vedette/host';
import { agentVersion } from './config.ts';
import { importPublicKey, loadOrCreateKey, type Identity } from './enrollment/identity.ts';
import { readCaFile } from './enrollment/enroll.ts';
import { AgentError } from './errors.ts';
import { Spool } from './spool/spool.ts';
import type { AgentStatus, Standing } from './state/status-file.ts';
import { appendJournal } from './state/journal.ts';
import { SyncEngine, type EngineSpool } from './sync/sync-engine.ts';
import type { ProxyPlan } from './transport/proxies.ts';
import { compressJson, PlatformClient, type PlatformClientOptions } from './transport/platform-client.ts';
import { parseCheckInReply, parseOrdersReply, parseSyncReply } from './transport/replies.ts';

/** An enrolled agent's way to its platform: the signed connection, the spool, and the sync engine on top of them. */
export interface Connection extends Disposable {
  readonly client: Pick<PlatformClient, 'post' | 'sentBytes'>;
  readonly engine: SyncEngine;
  /** See OrderChannelParts. */
  readonly askOrders: (message: Orders, signal: AbortSignal) => Promise<OrdersReply>;
  readonly platformNow: () => number;
  /** For the status file. */
  readonly standing: () => Pick<AgentStatus, 'standing' | 'spool'>;
  readonly consumption: () => CheckIn['consumption'];
}

export interface ConnectInput {
  readonly stateDirectory: string;
  readonly identity: Identity;
  readonly proxies?: ProxyPlan;
  readonly signal: AbortSignal;
  /** The machine as it is now; null where it does not tell. */
  readonly machine: () => Machine | null;
  /** The platform has seen that this machine is a copy of another one; see reenroll. */
  readonly onClone: (ticket: string) => void;
  /** Orders that came with the reply to a check-in. */
  readonly onOrders?: (orders: readonly Order[]) => void;
  /** Called when documents are in the spool and about to be sent. */
  readonly beforeSync?: () => void;
  readonly now?: () => number;
  readonly exchange?: PlatformClientOptions['exchange'];
  /** What this process costs; measured where nobody says it. */
  readonly usage?: () => ProcessUsage;
  /** See SpoolOptions. */
  readonly maxSpoolBytes?: number;
  /** Comes between engine and spool, to break what happens there. */
  readonly throughSpool?: (spool: EngineSpool) => EngineSpool;
}

/** Longer than the platform holds a request. */
const holdTimeoutMs = 75_000;

export function connect(input: ConnectInput): Connection {
  const { stateDirectory, identity, signal } = input;
  const options: PlatformClientOptions = {
    platform: new URL(identity.platform),
    ca: readCaFile(identity.caFile),
    ...(input.proxies ? { proxies: input.proxies } : {}),
    signer: { key: loadOrCreateKey(stateDirectory, identity.keyFile), keyid: identity.agentId },
    platformKey: importPublicKey(identity.platformPublicKey),
    now: input.now ?? Date.now,
    onSent: (entry) => appendJournal(stateDirectory, entry),
    ...(input.exchange ? { exchange: input.exchange } : {}),
  };
  const client = new PlatformClient(options);
  // On a connection of its own: check-ins shall not wait behind it.
  const held = new PlatformClient({ ...options, timeoutMs: holdTimeoutMs });
  const usage = input.usage ?? processUsage;
  const consumption = (): CheckIn['consumption'] => ({ ...usage(), sentBytes: client.sentBytes, uptimeSeconds: uptime() });
  const post = new MachinePost(input, client, consumption);
  const limit = input.maxSpoolBytes === undefined ? {} : { maxBytes: input.maxSpoolBytes };
  const spool = Spool.open(stateDirectory, { agentId: identity.agentId, ...limit });
  const engine = new SyncEngine({
    spool: input.throughSpool?.(spool) ?? spool,
    send: (documents) => {
      input.beforeSync?.();
      return post.sync(documents);
    },
    sha256: (text) => hash('sha256', text, 'buffer'),
    sizeOf: (document) => compressJson(document).length,
  });
  return {
    client: {
      // Only check-ins go to that path.
      post: (path, message) =>
        path === agentPaths.checkIn ? post.checkIn(message as CheckIn) : client.post(path, message, signal),
      get sentBytes() {
        return client.sentBytes;
      },
    },
    engine,
    askOrders: async (message, abort) => {
      const incarnation = input.machine()?.incarnation;
      const sent: Orders = { ...message, ...(incarnation === undefined ? {} : { incarnation }) };
      return parseOrdersReply(await (message.waitSeconds > 0 ? held : client).post(agentPaths.orders, sent, abort));
    },
    platformNow: () => client.platformNow,
    standing: () => ({ standing: post.standing, spool: { ...engine.counters, problem: spool.problem } }),
    consumption,
    [Symbol.dispose]: () => {
      spool[Symbol.dispose]();
      client[Symbol.dispose]();
      held[Symbol.dispose]();
    },
  };
}

/** Requests that say which machine speaks, so that the platform can tell two machines with one key apart. */
class MachinePost {
  readonly #input: ConnectInput;
  readonly #client: PlatformClient;
  readonly #consumption: () => CheckIn['consumption'];
  standing: Standing = 'accepted';

  constructor(input: ConnectInput, client: PlatformClient, consumption: () => CheckIn['consumption']) {
    this.#input = input;
    this.#client = client;
    this.#consumption = consumption;
  }

  async checkIn(message: CheckIn): Promise<unknown> {
    const { machine: read, signal, onClone, onOrders } = this.#input;
    const machine = read();
    const sent = { ...message, ...(machine ? { machine } : {}) };
    const reply = await this.#client.post(agentPaths.checkIn, sent, signal).catch((error: unknown) => {
      if (error instanceof AgentError && error.code === 'REFUSED') this.standing = 'refused';
      throw error;
    });
    const { reenroll, held, orders } = parseCheckInReply(reply);
    this.standing = reenroll ? 'cloned' : held ? 'held' : 'accepted';
    if (reenroll) onClone(reenroll.ticket);
    if (orders) onOrders?.(orders);
    return reply;
  }

  async sync(documents: readonly SentSyncDocument[]): Promise<SyncReply> {
    const { machine, signal } = this.#input;
    const incarnation = machine()?.incarnation;
    const send = async (): Promise<SyncReply> =>
      parseSyncReply(
        await this.#client.post(agentPaths.sync, { documents, ...(incarnation === undefined ? {} : { incarnation }) }, signal),
      );
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof AgentError) || error.problem !== 'CHECK_IN_FIRST') throw error;
    }
    // After a boot the platform first wants to know which machine this is.
    const sentAt = new Date((this.#input.now ?? Date.now)()).toISOString();
    await this.checkIn({ agentVersion, sentAt, collectors: [], consumption: this.#consumption() });
    return send();
  }
}
