import { Counter, Gauge, type Registry } from 'prom-client';
import type { Ingest } from './ingest.ts';

/** What is measured of agents' requests; returns the counter of those that were refused, by code. */
export function measureAgents(registry: Registry, ingest: Ingest): Counter<'code'> {
  const registers = [registry];
  new Gauge({
    name: 'vedette_ingest_waiting',
    help: 'What agents sent and waits to be stored: requests, and rows in them.',
    labelNames: ['unit'],
    registers,
    collect() {
      const { requests, rows } = ingest.waiting;
      this.set({ unit: 'requests' }, requests);
      this.set({ unit: 'rows' }, rows);
    },
  });
  return new Counter({
    name: 'vedette_agent_requests_refused_total',
    help: 'Requests of agents that were not done, by the code of the reply; BUSY: to come again.',
    labelNames: ['code'],
    registers,
  });
}
