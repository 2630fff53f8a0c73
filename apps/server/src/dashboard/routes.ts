import { endpoints } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { serve } from '../http/serve.ts';
import { loadDashboard } from './store.ts';

export function registerDashboardRoutes(app: FastifyInstance, context: Context): void {
  serve(app, context, endpoints.getDashboard, ({ caller }) => loadDashboard(context, caller.organizationId, context.clock()));
}
