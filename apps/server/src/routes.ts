import type { FastifyInstance } from 'fastify';
import { registerAgentRoutes } from './agents/routes.ts';
import { registerAbout } from './about/routes.ts';
import { registerActivationKeys } from './activation-keys/routes.ts';
import { registerAssetRoutes } from './assets/routes.ts';
import { registerAuth } from './auth/routes.ts';
import { registerDashboardRoutes } from './dashboard/routes.ts';
import { registerDetectionRoutes } from './detections/routes.ts';
import { registerInstall } from './install/routes.ts';
import type { KnowledgeKeeper } from './knowledge/knowledge-keeper.ts';
import { registerKnowledgeRoutes } from './knowledge/routes.ts';
import type { Context } from './context.ts';

/** Every feature's routes, one line each. */
export async function registerRoutes(app: FastifyInstance, context: Context, keeper: KnowledgeKeeper): Promise<void> {
  registerAuth(app, context);
  registerActivationKeys(app, context);
  registerAbout(app, context);
  registerAgentRoutes(app, context);
  registerInstall(app, context);
  registerAssetRoutes(app, context);
  registerDetectionRoutes(app, context);
  registerDashboardRoutes(app, context);
  registerKnowledgeRoutes(app, context, keeper);
}
