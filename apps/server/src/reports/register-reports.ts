import type { FastifyInstance } from 'fastify';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import { ReportKeeper } from './report-keeper.ts';
import { registerReportRoutes } from './routes.ts';

/** Reports: asked for where people ask, made where jobs are done. */
export function registerReports(app: FastifyInstance, context: Context): void {
  const keeper = plays(context.config, 'jobs') ? new ReportKeeper(context, () => Promise.resolve()) : null;
  app.addHook('onReady', async () => keeper?.start());
  app.addHook('onClose', () => keeper?.[Symbol.asyncDispose]());
  if (plays(context.config, 'api')) registerReportRoutes(app, context, () => keeper?.wake());
}
