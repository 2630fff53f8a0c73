import type { NotificationEvent } from '@vedette/protocol';
import type { Generated } from 'kysely';
import type { Sealed } from '../../sealing/sealer.ts';
import type { Json, NullableDate, NullableText } from './columns.ts';

/** Notifications: where to, of what, and what is on its way. */
export interface NotificationTables {
  notificationChannel: {
    organizationId: string;
    id: string;
    name: string;
    /** ChannelSettings. */
    settings: Json;
    secret: Sealed | null;
    enabled: boolean;
    problem: NullableText;
    lastDeliveredAt: NullableDate;
    createdAt: Date;
    createdBy: string;
  };
  notificationRule: {
    organizationId: string;
    id: string;
    name: string;
    events: NotificationEvent[];
    query: string | null;
    /** None or one. */
    assets: string[];
    channelIds: string[];
    digestMinutes: number;
    enabled: boolean;
    /** Asset scopes of whoever saved it last, in the query language. */
    scopes: string[];
    createdAt: Date;
    /** Whoever saved it last. */
    createdBy: string;
    /** The user of that login; null where there is none. */
    ownerId: string | null;
  };
  notificationTold: { organizationId: string; key: string; at: Date };
  notificationMessage: {
    organizationId: string;
    id: string;
    channelId: string;
    ruleId: string | null;
    subject: string;
    events: number;
    /** MessageBody. */
    body: Json;
    state: 'waiting' | 'delivered' | 'given-up';
    attempts: Generated<number>;
    createdAt: Date;
    dueAt: Date;
    claimedUntil: NullableDate;
    deliveredAt: NullableDate;
    problem: NullableText;
  };
}
