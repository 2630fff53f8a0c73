import type { FastifyInstance } from 'fastify';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import { ReportKeeper } from './report-keeper.ts';
import { registerReportRoutes } from './routes.ts';
import { registerScheduleRoutes } from './schedule-routes.ts';
import { announce } from './schedule-store.ts';

/** Reports: asked for where people ask, made where jobs are done. */
export function registerReports(app: FastifyInstance, context: Context): void {
  const onDone: ConstructorParameters<typeof ReportKeeper>[1] = (tx, report) => announce(tx, report, context.clock());
  const keeper = plays(context.config, 'jobs') ? new ReportKeeper(context, onDone) : null;
  app.addHook('onReady', async () => keeper?.start());
  app.addHook('onClose', () => keeper?.[Symbol.asyncDispose]());
  if (!plays(context.config, 'api')) return;
  registerReportRoutes(app, context, () => keeper?.wake());
  registerScheduleRoutes(app, context, () => keeper?.wake());
}
