import { sql } from 'kysely';
import type { FastifyInstance } from 'fastify';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import { ApiError } from './api-error.ts';

/** Health for supervisors and load balancers; /stub_status has the form of nginx' module of that name. */
export function serveHealth(app: FastifyInstance, context: Context): void {
  let requests = 0;
  app.addHook('onRequest', async () => {
    requests += 1;
  });
  app.get('/livez', async () => ({ status: 'ok' }));
  for (const path of ['/readyz', '/healthz']) {
    app.get(path, async () => {
      await sql`select 1`.execute(context.db).catch((cause: unknown) => {
        throw new ApiError('UNAVAILABLE', 'The database does not answer', { cause, retryAfterSeconds: 5 });
      });
      // A process whose questions would wait should get none; one that is healthy should not be restarted for it.
      if (path === '/readyz' && isBuilding(context)) {
        throw new ApiError('UNAVAILABLE', 'The index of the fleet is being built', { retryAfterSeconds: 5 });
      }
      return { status: 'ok' };
    });
  }
  app.get('/stub_status', async (_request, reply) => {
    const active = await new Promise<number>((resolve, reject) => {
      app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
    void reply.type('text/plain');
    return `Active connections: ${active} \nserver accepts handled requests\n ${requests} ${requests} ${requests} \nReading: 0 Writing: 1 Waiting: 0 \n`;
  });
}

function isBuilding({ config, fleetIndex }: Context): boolean {
  return plays(config, 'api') && fleetIndex.status.state === 'building';
}
