import { setTimeout as delay } from 'node:timers/promises';
import type { Order } from '@vedette/protocol';
import { hasScannedSince } from '../commands/scan.ts';
import type { Connection } from '../connect.ts';
import type { Log } from '../log.ts';
import type { AgentStatus } from '../state/status-file.ts';
import { OrderChannel, type OrderOutcome } from './order-channel.ts';
import { OrderRecord } from './order-record.ts';

export interface ServeOrdersInput {
  readonly stateDirectory: string;
  readonly assetId: string;
  readonly connection: Pick<Connection, 'askOrders' | 'platformNow'>;
  readonly scanNow: () => void;
  readonly checkInSoon: () => void;
  /** Collecting is suspended at present. */
  readonly isQuiet: () => boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface ServedOrders {
  /** Hears what the agent's loop has done; orders are asked for after the first check-in. */
  readonly noticed: (status: AgentStatus) => void;
  readonly take: (orders: readonly Order[]) => void;
}

const longestScanMs = 15 * 60_000;
const lookMs = 200;

/** What orders can make this agent do. */
export function serveOrders(input: ServeOrdersInput): ServedOrders {
  const { connection, signal, log } = input;
  let status: AgentStatus | null = null;
  let isAsking = false;
  const scan = async (stop: AbortSignal): Promise<OrderOutcome> => {
    if (input.isQuiet()) return { state: 'refused', detail: 'The owner of this machine has suspended collecting at this time.' };
    const askedAt = Date.now();
    input.scanNow();
    const giveUpAt = performance.now() + longestScanMs;
    while (performance.now() < giveUpAt) {
      if (status && hasScannedSince(status, askedAt)) return { state: 'done', detail: `Scanned at ${status.fullScanAt}.` };
      await delay(lookMs, undefined, { signal: stop });
    }
    return { state: 'failed', detail: `The scan has not ended within ${longestScanMs / 60_000} minutes.` };
  };
  const channel = new OrderChannel({
    assetId: input.assetId,
    record: new OrderRecord(input.stateDirectory, Date.now()),
    ask: connection.askOrders,
    actions: { scan },
    onNews: input.checkInSoon,
    log,
    now: Date.now,
    platformNow: connection.platformNow,
    random: Math.random,
  });
  return {
    noticed: (next) => {
      status = next;
      // Before its first check-in the platform does not know this machine.
      if (isAsking || next.checkInAt === null) return;
      isAsking = true;
      void channel.run(signal);
    },
    take: (orders) => channel.take(orders),
  };
}
