import type { FastifyInstance } from 'fastify';
import { AgentDirectory } from './agents/agent-directory.ts';
import { type AgentWork, registerAgentRoutes } from './agents/routes.ts';
import { registerAbout } from './about/routes.ts';
import { registerActivationKeys } from './activation-keys/routes.ts';
import { registerAssetRoutes } from './assets/routes.ts';
import { registerAudit } from './audit/routes.ts';
import { registerAuth } from './auth/routes.ts';
import { registerDashboardRoutes } from './dashboard/routes.ts';
import { Notifications } from './db/notifications.ts';
import { ManifestBoard } from './manifest/manifest-board.ts';
import { registerDetectionRoutes } from './detections/routes.ts';
import { registerHistoryRoutes } from './history/routes.ts';
import { registerInstall } from './install/routes.ts';
import { registerOidc } from './oidc/routes.ts';
import { OrderBoard } from './orders/order-board.ts';
import { registerOrderRoutes } from './orders/routes.ts';
import type { KnowledgeKeeper } from './knowledge/knowledge-keeper.ts';
import { registerKnowledgeRoutes } from './knowledge/routes.ts';
import { plays } from './config.ts';
import type { Context } from './context.ts';
import { Judging } from './inventory/judging.ts';
import { registerNotifications } from './notifications/register-notifications.ts';
import { ProfileBoard } from './profiles/profile-board.ts';
import { registerProfileRoutes } from './profiles/routes.ts';
import { registerReleases } from './releases/routes.ts';
import { registerLoginRules } from './second-factors/login-rules.ts';
import { registerSecondFactorLogin } from './second-factors/login-routes.ts';
import { registerSecondFactors } from './second-factors/routes.ts';
import { registerReports } from './reports/register-reports.ts';
import { registerFixLists } from './fix-lists/routes.ts';
import { registerExceptionRoutes } from './exceptions/routes.ts';
import { registerRiskRoutes } from './risk/routes.ts';
import { registerTagRoutes } from './tags/routes.ts';
import { registerRoles } from './users/role-routes.ts';
import { registerUsers } from './users/user-routes.ts';
import { registerSavedQueryRoutes } from './saved-queries/routes.ts';
import { registerSoftwareRoutes } from './software/routes.ts';
import { registerEventRoutes } from './events/routes.ts';

/** Every feature's routes, one line each, as far as the role of this process includes them. */
export async function registerRoutes(app: FastifyInstance, context: Context, keeper: KnowledgeKeeper): Promise<void> {
  const judging = plays(context.config, 'jobs') ? new Judging(context) : null;
  app.addHook('onReady', async () => judging?.wake());
  app.addHook('onClose', () => judging?.[Symbol.asyncDispose]());
  const orders = plays(context.config, 'ingest') ? new OrderBoard(context) : null;
  const profiles = new ProfileBoard(context);
  app.addHook('onClose', async () => profiles[Symbol.dispose]());
  const releases = await registerReleases(app, context, profiles);
  if (orders) serveAgents(app, context, { orders, profiles, releases, onUnjudged: () => judging?.wake() });
  registerInstall(app, context);
  registerReports(app, context);
  registerNotifications(app, context);
  if (!plays(context.config, 'api')) return;
  registerAuth(app, context);
  registerOidc(app, context);
  registerSecondFactors(app, context);
  registerSecondFactorLogin(app, context);
  registerLoginRules(app, context);
  registerUsers(app, context);
  registerRoles(app, context);
  registerAudit(app, context);
  registerActivationKeys(app, context);
  registerAbout(app, context);
  registerAssetRoutes(app, context);
  registerSoftwareRoutes(app, context);
  registerEventRoutes(app, context);
  registerSavedQueryRoutes(app, context);
  registerHistoryRoutes(app, context);
  registerOrderRoutes(app, context, async (target) => orders?.refresh(target));
  registerDetectionRoutes(app, context);
  registerDashboardRoutes(app, context);
  registerKnowledgeRoutes(app, context, keeper);
  registerRiskRoutes(app, context);
  registerFixLists(app, context);
  registerExceptionRoutes(app, context);
  registerProfileRoutes(app, context, releases);
  registerTagRoutes(app, context, (organizationId) => {
    releases.forget(organizationId);
    profiles.refreshSoon(organizationId);
  });
}

function serveAgents(app: FastifyInstance, context: Context, work: Omit<AgentWork, 'agents' | 'manifests'>): void {
  const agents = new AgentDirectory(context.db, context.clock);
  const manifests = new ManifestBoard(context);
  const heard = [work.orders, work.profiles, agents, manifests].map(({ subscription }) => subscription);
  const notifications = new Notifications(context, heard);
  app.addHook('onReady', () => notifications.start());
  // Before connections are waited for: those who wait for orders are answered.
  app.addHook('preClose', async () => {
    work.orders.close();
    await notifications[Symbol.asyncDispose]();
  });
  registerAgentRoutes(app, context, { ...work, agents, manifests });
}
