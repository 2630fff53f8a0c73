import { readFileSync } from 'node:fs';
import fastifyCookie from '@fastify/cookie';
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import { limits } from '@vedette/protocol';
import { fastify, type FastifyInstance, LogController } from 'fastify';
import { isSecure, plays } from '../config.ts';
import type { Context } from '../context.ts';
import type { KnowledgeKeeper } from '../knowledge/knowledge-keeper.ts';
import { registerRoutes } from '../routes.ts';
import { productVersion } from '../version.ts';
import { ApiError } from './api-error.ts';
import { readClientAddresses } from './client-address.ts';
import { serveConsole } from './console-files.ts';
import { servePlatformMetrics } from '../metrics/platform-metrics.ts';
import { serveHealth } from './health.ts';
import { openApi } from './open-api.ts';
import { answerWithProblems } from './problems.ts';
import { refuseOtherSites } from './same-origin.ts';

/** Supervisors kill after ten seconds or later; the database has to stop within them, too. */
const stopPatienceMs = 5000;

/** The whole HTTP side of the server, not yet listening. */
export async function buildApp(context: Context, keeper: KnowledgeKeeper): Promise<FastifyInstance> {
  const { config } = context;
  const app = fastify({
    loggerInstance: context.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.apiBodyBytes,
    routerOptions: { maxParamLength: 200 },
    requestTimeout: 120_000,
    // What is being answered when we stop is answered; see endConnections.
    forceCloseConnections: 'idle',
    ...tlsOptions(context),
  }) as unknown as FastifyInstance; // https changes only the type of app.server
  endConnections(app);
  answerWithProblems(app);
  app.removeContentTypeParser('text/plain');
  readClientAddresses(app, config.trustedProxies);
  refuseOtherSites(app, config);
  await app.register(fastifyCookie);
  await app.register(fastifyHelmet, helmetOptions(isSecure(config)));
  await app.register(fastifyRateLimit, {
    global: false,
    errorResponseBuilder: (_request, { ttl }) =>
      new ApiError('TOO_MANY_REQUESTS', 'Wait a little, then try again', { retryAfterSeconds: Math.ceil(ttl / 1000) }),
  });
  serveHealth(app, context);
  servePlatformMetrics(app, context);
  await registerRoutes(app, context, keeper);
  if (!plays(config, 'api')) return app;
  let document: string | null = null;
  app.get('/api/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(openApi(productVersion));
    return reply.type('application/json').send(document);
  });
  await serveConsole(app, config.consoleDirectory);
  return app;
}

/** Once we stop, each connection ends with the answer under way; those that take too long are cut off. */
function endConnections(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
    const cut = setTimeout(() => app.server.closeAllConnections(), stopPatienceMs).unref();
    app.server.once('close', () => clearTimeout(cut));
  });
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) void reply.header('connection', 'close');
  });
}

function tlsOptions({ config }: Context): object {
  if (config.tls === null) return {};
  const [cert, key] = [readFileSync(config.tls.certFile), readFileSync(config.tls.keyFile)];
  return { https: { cert, key, minVersion: 'TLSv1.3' } };
}

function helmetOptions(secure: boolean): object {
  const self = ["'self'"];
  return {
    hsts: secure,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self,
        styleSrc: self,
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: self,
        manifestSrc: self,
        baseUri: ["'none'"],
        formAction: self,
        frameAncestors: ["'none'"],
        // Over plain http on loopback it would send the browser to an https that is not there.
        ...(secure ? { upgradeInsecureRequests: [] } : {}),
      },
    },
  };
}
