import { z } from 'zod';
import { text } from '../facts/fact.ts';
import { AssetId, Instant, OrderId } from '../ids.ts';

/** How long the platform holds a request for orders at most, in seconds; less than the minute after which proxies cut silent connections. */
export const longestHoldSeconds = 50;

/** Open: `queued`, `delivered` and `running`; the others are final. */
export const orderStates = ['queued', 'delivered', 'running', 'done', 'failed', 'refused', 'expired'] as const;
export const OrderState = z.enum(orderStates);
export type OrderState = z.infer<typeof OrderState>;

/**
 * Something an agent is told to do, once: typed, never a command line. It travels in replies that the platform signed for one request
 * of this agent alone, is for one asset, and is not begun after it has expired. A kind that the agent does not know is refused.
 */
export const Order = z.object({
  orderId: OrderId,
  kind: z.string().regex(/^[a-z][a-z-]{0,31}$/),
  assetId: AssetId,
  expiresAt: Instant,
});
export type Order = z.infer<typeof Order>;

/** What became of an order; every order is answered, also one that cannot be carried out. */
export const OrderAnswer = z.object({
  orderId: OrderId,
  state: z.enum(['running', 'done', 'failed', 'refused', 'expired']),
  /** By the agent's clock. */
  at: Instant,
  detail: text,
});
export type OrderAnswer = z.infer<typeof OrderAnswer>;

/** Asks for orders. The platform answers at once when there are some or `waitSeconds` is 0, and else holds the request for so long. */
export const Orders = z.object({
  waitSeconds: z.int().min(0).max(longestHoldSeconds),
  answers: z.array(OrderAnswer).max(16),
  /** As in Machine: a copy of the machine gets none. */
  incarnation: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .optional(),
});
export type Orders = z.infer<typeof Orders>;

export const OrdersReply = z.object({
  orders: z.array(Order).max(16),
  /** A check-in would bring news: other settings. */
  checkIn: z.boolean().optional(),
});
export type OrdersReply = z.infer<typeof OrdersReply>;
