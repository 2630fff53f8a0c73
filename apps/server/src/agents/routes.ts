import { agentPaths, CheckIn, Enroll, heldHeader, limits, Orders, Sync } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { isBusyError } from '../db/database-error.ts';
import { ApiError } from '../http/api-error.ts';
import type { ManifestBoard } from '../manifest/manifest-board.ts';
import type { OrderBoard } from '../orders/order-board.ts';
import type { ProfileBoard } from '../profiles/profile-board.ts';
import type { ReleaseDesk } from '../releases/release-desk.ts';
import { Admission } from './admission.ts';
import type { AgentDirectory } from './agent-directory.ts';
import { measureAgents } from './agent-metrics.ts';
import { AgentProblem } from './agent-problem.ts';
import { CheckIns } from './check-ins.ts';
import { enroll } from './enroll.ts';
import { Ingest } from './ingest.ts';
import { Machines } from './machines.ts';
import { NonceMemory } from './nonce-memory.ts';
import { readDocument } from './read-document.ts';
import { signReply } from './sign-reply.ts';
import type { KnownAgent } from './store.ts';
import { readSignature, type SignedRequest, verifyRequest } from './verify-request.ts';

/** What tells browsers what a page may do would be most of a reply to a check-in. */
const withoutBrowsers = { helmet: false } as const;

/** How an endpoint of agents is served: who must have signed, which document, what is done. */
interface AgentEndpoint<Document extends z.ZodType> {
  readonly path: string;
  readonly document: Document;
  readonly handle: (input: AgentInput<Document>) => Promise<unknown>;
  /** It may take long and does little: the agent may ask other things meanwhile. */
  readonly holds?: boolean;
  /** It means the same whenever it arrives, so a relay may have kept it while we were away, and nothing comes of a replay. */
  readonly mayBeHeld?: boolean;
}

interface AgentInput<Document extends z.ZodType> {
  readonly agent: KnownAgent;
  readonly document: z.infer<Document>;
  readonly bytes: number;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes for which this request was let in; see Admission. */
    admitted: number | null;
  }
}

/** What the interface for agents needs of its neighbours. */
export interface AgentWork {
  readonly agents: AgentDirectory;
  readonly manifests: ManifestBoard;
  readonly orders: OrderBoard;
  readonly profiles: ProfileBoard;
  readonly releases: ReleaseDesk;
  /** Package versions came that nobody judged yet. */
  readonly onUnjudged: () => void;
}

/**
 * The interface for agents. Everything that arrives is hostile until its signature is checked, and bounded after that; every
 * reply, errors included, is signed, so that an agent can tell the platform from whatever stands between.
 */
export function registerAgentRoutes(
  app: FastifyInstance,
  context: Context,
  { agents, manifests, orders, profiles, releases, onUnjudged }: AgentWork,
): void {
  const nonces = new NonceMemory();
  const admission = new Admission();
  const checkIns = new CheckIns(context);
  const machines = new Machines(context);
  const ingest = new Ingest({ ...context, onUnjudged });
  const refused = measureAgents(app.metrics, ingest);
  app.addHook('onClose', async () => {
    await ingest[Symbol.asyncDispose]();
    await checkIns[Symbol.asyncDispose]();
  });

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: limits.agentBodyBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error, request, reply) => {
      const problem = asProblem(error);
      refused.inc({ code: problem.code });
      return sendProblem(context, request, reply, problem);
    });
    scope.decorateRequest('admitted', null);
    // Before the body is read: what cannot be worked on soon should not fill the memory either.
    scope.addHook('onRequest', async (request) => {
      if (ingest.isFull) throw new AgentProblem('BUSY', 'Too many documents wait to be stored; try again.');
      request.admitted = admission.enter(Number(request.headers['content-length'] ?? Number.NaN));
    });
    // Not onResponse, which does not come for a connection that breaks off.
    scope.addHook('onRequest', async (request, reply) => {
      reply.raw.once('close', () => {
        if (request.admitted !== null) admission.leave(request.admitted);
        request.admitted = null;
      });
    });

    scope.post(agentPaths.enroll, { bodyLimit: limits.enrollDocumentBytes, ...withoutBrowsers }, async (request, reply) => {
      const signed = signedRequest(request);
      const parameters = readSignature(signed, nowSeconds(context));
      // A new agent has no id yet: its key names itself, and the signature proves that the sender holds it.
      const publicKey = Buffer.from(parameters.keyid, 'base64url');
      // Anybody can make a key and sign with it: what is unpacked and kept for a stranger must be small. Its nonce is not kept at
      // all; the same request again has the same answer and does nothing.
      await verifyRequest(signed, parameters, publicKey);
      const document = await readDocument(signed, Enroll, { maxBytes: limits.enrollDocumentBytes });
      if (!Buffer.from(document.publicKey, 'base64').equals(publicKey)) {
        throw new AgentProblem('SIGNATURE_INVALID', 'The request was signed by another key than the one it wants to register.');
      }
      return send(context, request, reply, await enroll(context, document, publicKey));
    });

    function serve<Document extends z.ZodType>(endpoint: AgentEndpoint<Document>): void {
      const { path, document, handle, holds = false, mayBeHeld = false } = endpoint;
      scope.post(path, withoutBrowsers, async (request, reply) => {
        const signed = signedRequest(request);
        const now = nowSeconds(context);
        const isHeld = mayBeHeld && request.headers[heldHeader] === '1';
        const parameters = readSignature(signed, now, isHeld ? limits.heldSignatureAgeSeconds : limits.signatureAgeSeconds);
        const agent = await agents.find(parameters.keyid);
        if (!agent) throw unknownAgent();
        await verifyRequest(signed, parameters, agent.publicKey);
        // After the signature, so that nobody can fill the memory with nonces of requests that were never valid.
        if (!isHeld && !nonces.remember(`${agent.id}.${parameters.nonce}`, parameters.expires, now))
          throw new AgentProblem('REPLAYED', 'This request was received before.');
        const answer = await admission.alone(agent.id, async (charge) => {
          const limit = { maxBytes: limits.agentDocumentBytes, charge };
          const input = {
            agent,
            document: await readDocument(signed, document, limit),
            bytes: signed.body.length,
            request,
            reply,
          };
          return holds ? input : handle(input);
        });
        return send(context, request, reply, holds ? await handle(answer as AgentInput<Document>) : answer);
      });
    }

    serve({
      path: agentPaths.checkIn,
      document: CheckIn,
      async handle({ agent, document }) {
        const strange = await machines.meet(agent, document.machine);
        if (strange) return strange;
        const pending = await orders.take(agent);
        const reply = await checkIns.take(agent, document);
        // A release is never worth a check-in: what goes wrong there is logged, and the agent keeps what it has.
        const release = await releases.answer(agent, document.upgrade).catch((error: unknown) => {
          context.log.error({ err: error, agentId: agent.id }, 'which release an agent shall have could not be said');
          return undefined;
        });
        const manifest = await manifests.replyTo(document);
        const settings = await profiles.replyTo(agent, document);
        return {
          ...reply,
          ...settings,
          ...(pending.length > 0 ? { orders: pending } : {}),
          ...(release ? { release } : {}),
          ...manifest,
        };
      },
    });
    serve({
      path: agentPaths.orders,
      document: Orders,
      holds: true,
      async handle({ agent, document, request, reply }) {
        await machines.require(agent, document.incarnation);
        // Who only waits takes nobody's place.
        if (request.admitted !== null) admission.leave(request.admitted);
        request.admitted = null;
        request.body = undefined;
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        let hasNews = false;
        using _news = profiles.wait(agent, () => {
          hasNews = true;
          gone.abort();
        });
        const due = await orders.hold(agent, document, gone.signal);
        // Its key may have been revoked while it waited.
        if (!(await agents.find(agent.id))) throw unknownAgent();
        return { orders: due, ...(hasNews ? { checkIn: true } : {}) };
      },
    });
    serve({
      path: agentPaths.sync,
      document: Sync,
      mayBeHeld: true,
      async handle({ agent, document, bytes }) {
        await machines.require(agent, document.incarnation);
        checkIns.forget(agent.id);
        const { organizationId, assetId } = agent;
        return { results: await ingest.take({ organizationId, assetId }, document.documents, bytes) };
      },
    });
  });
}

function unknownAgent(): AgentProblem {
  return new AgentProblem('UNKNOWN_AGENT', 'The platform does not know this agent (any more); enroll it again.');
}

function signedRequest(request: FastifyRequest): SignedRequest {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, '?'] : [url.slice(0, mark), url.slice(mark)];
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { method: request.method, path, query, headers: request.headers, body };
}

function sendProblem(context: Context, request: FastifyRequest, reply: FastifyReply, problem: AgentProblem): FastifyReply {
  if (problem.code === 'INTERNAL') context.log.error({ err: problem.cause, url: request.url }, 'agent request failed');
  reply.code(problem.status);
  const wait = problem.code === 'BUSY' ? { retryAfterSeconds: retryAfterSeconds() } : {};
  if (wait.retryAfterSeconds !== undefined) void reply.header('retry-after', wait.retryAfterSeconds);
  return send(context, request, reply, {
    type: 'about:blank',
    title: problem.code,
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    ...wait,
  });
}

/** Different for everybody: agents that were refused together shall not come back together. */
function retryAfterSeconds(): number {
  return 2 + Math.floor(Math.random() * 13);
}

function asProblem(error: unknown): AgentProblem {
  if (error instanceof AgentProblem) return error;
  if (error instanceof ApiError) return new AgentProblem('MALFORMED', error.message); // of a hook of the whole server
  if (isBusyError(error)) return new AgentProblem('BUSY', 'The platform is busy; try again.', { cause: error });
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new AgentProblem('TOO_LARGE', 'The body has more bytes than a request of this kind may have.');
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP'))
    return new AgentProblem('MALFORMED', 'The request has no usable body.');
  return new AgentProblem('INTERNAL', 'The platform failed; it has logged why. Try again later.', { cause: error });
}

function send(context: Context, request: FastifyRequest, reply: FastifyReply, document: unknown): FastifyReply {
  const body = Buffer.from(JSON.stringify(document));
  const input = request.headers['signature-input'];
  const requestNonce = (typeof input === 'string' && /;nonce="([A-Za-z0-9_-]{16,64})"/.exec(input.slice(0, 1024))?.[1]) || '';
  const headers = signReply(
    { status: reply.statusCode, body, requestNonce },
    (text) => context.platformKey.sign(text),
    nowSeconds(context),
  );
  return reply.headers({ ...headers, 'content-type': 'application/json', 'cache-control': 'no-store' }).send(body);
}

function nowSeconds(context: Context): number {
  return Math.floor(context.clock().getTime() / 1000);
}
