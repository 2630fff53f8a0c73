import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { authenticate } from '../auth/authenticate.ts';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { productVersion } from '../version.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Where features register what they measure. */
    metrics: Registry;
  }
}

/** Seconds: a check-in takes 2 ms, a large export many seconds. */
const durationBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15];

/**
 * `GET /metrics` in Prometheus' text format, for callers with an API token (Prometheus: `authorization: credentials`). Names follow
 * Prometheus' practices: base units, `_total` for counters, labels of few values: a route, never an address.
 */
export function servePlatformMetrics(app: FastifyInstance, context: Context): void {
  const registry = new Registry();
  app.decorate('metrics', registry);
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'vedette_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its reply, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    duration.observe(
      { method: request.method, route, status: `${Math.floor(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1000,
    );
  });
  new Gauge({ name: 'vedette_info', help: '1; the label says the version.', labelNames: ['version'], registers: [registry] }).set(
    { version: productVersion },
    1,
  );
  addDatabaseGauges(registry, context);
  if (plays(context.config, 'api')) addIndexGauges(registry, context);
  app.get('/metrics', async (request, reply) => {
    if (!(await authenticate(context, request))) {
      throw new ApiError('UNAUTHENTICATED', 'Send an API token as "Authorization: Bearer ..."');
    }
    return reply
      .header('cache-control', 'no-store')
      .type(registry.contentType)
      .send(await registry.metrics());
  });
}

function addDatabaseGauges(registry: Registry, { db, pool, clock }: Context): void {
  const registers = [registry];
  new Gauge({
    name: 'vedette_database_connections',
    help: 'Connections of this process, by what they do; waiting: requests that wait for one.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
  new Gauge({
    name: 'vedette_assets',
    help: 'Assets of all organizations.',
    registers,
    async collect() {
      const { rows } = await sql<{ assets: number }>`select count(*) as assets from asset`.execute(db);
      this.set(rows[0]?.assets ?? 0);
    },
  });
  new Gauge({
    name: 'vedette_unjudged_package_versions',
    help: 'Package versions that no check was held against yet.',
    registers,
    async collect() {
      const { rows } = await sql<{ waiting: number }>`select count(*) as waiting from unjudged`.execute(db);
      this.set(rows[0]?.waiting ?? 0);
    },
  });
  new Gauge({
    name: 'vedette_knowledge_version',
    help: 'Number of the knowledge base in use.',
    registers,
    async collect() {
      const { rows } = await sql<{ version: number }>`select coalesce(max(version), 0) as version from knowledge_version`.execute(
        db,
      );
      this.set(rows[0]?.version ?? 0);
    },
  });
  new Gauge({
    name: 'vedette_feed_age_seconds',
    help: 'Time since a feed was retrieved.',
    labelNames: ['feed'],
    registers,
    async collect() {
      const feeds = await db.selectFrom('feedState').select(['feed', 'retrievedAt']).execute();
      for (const { feed, retrievedAt } of feeds) {
        if (retrievedAt !== null) this.set({ feed }, (clock().getTime() - retrievedAt.getTime()) / 1000);
      }
    },
  });
  new Gauge({
    name: 'vedette_feed_problem',
    help: '1 when the last attempt to get a feed failed, 0 when it did not.',
    labelNames: ['feed'],
    registers,
    async collect() {
      const feeds = await db.selectFrom('feedState').select(['feed', 'problem']).execute();
      for (const { feed, problem } of feeds) this.set({ feed }, problem === null ? 0 : 1);
    },
  });
}

function addIndexGauges(registry: Registry, { fleetIndex, clock }: Context): void {
  const registers = [registry];
  new Gauge({
    name: 'vedette_fleet_index_ready',
    help: '1 when the fleet index is built, 0 while it is being built.',
    registers,
    collect() {
      this.set(fleetIndex.status.state === 'ready' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'vedette_fleet_index_assets',
    help: 'Assets in the fleet index of this process.',
    registers,
    collect() {
      this.set(fleetIndex.status.assets);
    },
  });
  new Gauge({
    name: 'vedette_fleet_index_build_seconds',
    help: 'How long the last building took.',
    registers,
    collect() {
      const { buildMs } = fleetIndex.status;
      if (buildMs !== null) this.set(buildMs / 1000);
    },
  });
  new Gauge({
    name: 'vedette_fleet_index_known_seconds',
    help: 'How far back the fleet index knows when detections came and went; absent while it is built.',
    labelNames: ['process'],
    registers,
    collect() {
      const { knownSince } = fleetIndex.status;
      if (knownSince) this.set({ process: 'this' }, (clock().getTime() - knownSince.getTime()) / 1000);
    },
  });
  new Gauge({
    name: 'vedette_fleet_index_verified_age_seconds',
    help: 'Time since the fleet index was last compared with the database; absent before the first time.',
    // Without a label there would be a 0 before the first time.
    labelNames: ['process'],
    registers,
    collect() {
      const { verifiedAt } = fleetIndex.status;
      if (verifiedAt) this.set({ process: 'this' }, (clock().getTime() - verifiedAt.getTime()) / 1000);
    },
  });
  new Gauge({
    name: 'vedette_fleet_index_healed_assets',
    help: 'Assets that differed from the database and were read again, since the start; anything but 0 is a defect.',
    registers,
    collect() {
      this.set(fleetIndex.status.healedAssets);
    },
  });
  new Gauge({
    name: 'vedette_fleet_index_healed_packages',
    help: 'Package versions whose verdicts differed from the database and were read again, since the start; anything but 0 is a defect.',
    registers,
    collect() {
      this.set(fleetIndex.status.healedPackages);
    },
  });
}
