import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { edgeTokenHeader, ticketHeader } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge } from 'prom-client';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { TargetAdmission } from './target-admission.ts';

/** Bytes of a file, from `first` to `last`. */
export interface Extent {
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** Lets a download begin. Throws ApiError UNAVAILABLE for one that has to wait; its answer says how long. */
export type DownloadGate = (request: FastifyRequest, reply: FastifyReply, extent: Extent) => void;

/**
 * Keeps downloads from taking the platform away from check-ins and findings, when no edge serves them. Edges that show the platform's token
 * pass: one of them takes many downloads away.
 */
export function makeDownloadGate(app: FastifyInstance, { config, platformKey, clock }: Context): DownloadGate {
  // Ed25519 signatures are deterministic (RFC 8032 §5.1.6): every process of this platform makes the same key.
  const key = createHash('sha256').update(platformKey.sign('vedette tickets 1')).digest();
  const admission = new TargetAdmission({ limits: config.downloads, key, now: () => clock().getTime() });
  const asked = measure(app, admission);
  return (request, reply, { first, last, size }) => {
    if (isEdge(request, config.secrets.edgeToken)) {
      asked.inc({ outcome: 'edge' });
      return;
    }
    const given = request.headers[ticketHeader];
    const ticket = typeof given === 'string' ? given : null;
    const part = { path: request.url, first, next: last + 1 < size ? last + 1 : null };
    const verdict = admission.enter({ address: siteOf(request.ip), ticket, bytes: last + 1 - first, part });
    asked.inc({ outcome: verdict.isAdmitted ? 'admitted' : 'queued' });
    if (verdict.isAdmitted) {
      reply.raw.once('close', verdict.leave);
      return;
    }
    if (verdict.ticket !== null) void reply.header(ticketHeader, verdict.ticket);
    const { retryAfterSeconds } = verdict;
    throw new ApiError('UNAVAILABLE', 'Many download from here at the moment; come back at the time given', {
      retryAfterSeconds,
    });
  };
}

function isEdge(request: FastifyRequest, edgeToken: string | undefined): boolean {
  const given = request.headers[edgeTokenHeader];
  if (edgeToken === undefined || typeof given !== 'string') return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(edgeToken));
}

/** One host has as many IPv6 addresses as it likes, of one network of 64 bits (RFC 4291 §2.5.4). */
export function siteOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const middle = Math.max(0, 8 - groups(head).length - groups(tail).length);
  return [...groups(head), ...Array.from({ length: middle }, () => '0'), ...groups(tail)].slice(0, 4).join(':');
}

function measure(app: FastifyInstance, admission: TargetAdmission): Counter<'outcome'> {
  const registers = [app.metrics];
  new Gauge({
    name: 'vedette_downloads_active',
    help: 'Downloads of targets under way.',
    registers,
    collect() {
      this.set(admission.active);
    },
  });
  new Gauge({
    name: 'vedette_download_queue_seconds',
    help: 'How long a download that is asked for now has to wait.',
    registers,
    collect() {
      this.set(admission.queueSeconds);
    },
  });
  return new Counter({
    name: 'vedette_downloads_total',
    help: 'Downloads asked for: admitted, queued (to come back later), or of an edge.',
    labelNames: ['outcome'],
    registers,
  });
}
