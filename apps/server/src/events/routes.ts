import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { mayUse } from '../auth/admit.ts';
import type { Context } from '../context.ts';
import { serveList } from '../http/serve.ts';
import { eventColumns } from './event-columns.ts';
import { findEvents } from './find-events.ts';

export function registerEventRoutes(app: FastifyInstance, context: Context): void {
  serveList(app, context, endpoints.listEvents, {
    columns: eventColumns,
    page: ({ query, caller }) =>
      findEvents(context, { ...query, organizationId: caller.organizationId, may: ({ needs }) => mayUse(caller, needs) }),
  });
}
