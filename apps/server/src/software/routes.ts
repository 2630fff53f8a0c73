import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { serveList } from '../http/serve.ts';
import { findSoftware } from './find-software.ts';
import { softwareColumns } from './software-columns.ts';

export function registerSoftwareRoutes(app: FastifyInstance, context: Context): void {
  serveList(app, context, endpoints.listSoftware, {
    columns: softwareColumns,
    page: ({ query, caller: { organizationId } }) => findSoftware(context, { ...query, organizationId, now: context.clock() }),
  });
}
