import type { FastifyInstance } from 'fastify';
import { registerAbout } from './about/routes.ts';
import { registerActivationKeys } from './activation-keys/routes.ts';
import { registerAuth } from './auth/routes.ts';
import type { Context } from './context.ts';

/** Every feature's routes, one line each. */
export async function registerRoutes(app: FastifyInstance, context: Context): Promise<void> {
  registerAuth(app, context);
  registerActivationKeys(app, context);
  registerAbout(app, context);
}
