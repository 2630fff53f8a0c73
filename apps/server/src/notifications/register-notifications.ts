import type { FastifyInstance } from 'fastify';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import { Dispatcher } from './dispatcher.ts';
import { Notifier } from './notifier.ts';
import { registerNotificationRoutes } from './routes.ts';

/** Notifications: set up where people ask; looked for and sent where jobs are done. */
export function registerNotifications(app: FastifyInstance, context: Context): void {
  if (plays(context.config, 'jobs')) {
    const dispatcher = new Dispatcher(context);
    const notifier = new Notifier(context, () => dispatcher.wake());
    app.addHook('onReady', async () => {
      dispatcher.start();
      notifier.start();
    });
    app.addHook('onClose', async () => {
      await notifier[Symbol.asyncDispose]();
      await dispatcher[Symbol.asyncDispose]();
    });
  }
  if (plays(context.config, 'api')) registerNotificationRoutes(app, context);
}
