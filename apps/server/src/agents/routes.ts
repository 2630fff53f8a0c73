import { promisify } from 'node:util';
import { constants, zstdDecompress } from 'node:zlib';
import { agentPaths, CheckIn, Enroll, limits, Sync } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { AgentProblem } from './agent-problem.ts';
import { ApiError } from '../http/api-error.ts';
import { checkIn } from './check-in.ts';
import { isBusyError } from './database-error.ts';
import { enroll } from './enroll.ts';
import { NonceMemory } from './nonce-memory.ts';
import { signReply } from './sign-reply.ts';
import { findAgent, type KnownAgent } from './store.ts';
import { sync } from './sync.ts';
import { readSignature, type SignedRequest, verifyRequest } from './verify-request.ts';

const decompress = promisify(zstdDecompress);

/** How an endpoint of agents is served: who must have signed, which document, what is done. */
interface AgentEndpoint<Document extends z.ZodType> {
  readonly path: string;
  readonly document: Document;
  readonly handle: (input: { agent: KnownAgent; document: z.infer<Document>; bytes: number }) => Promise<unknown>;
}

/**
 * The interface for agents. Everything that arrives is hostile until its signature is checked, and bounded after that; every
 * reply, errors included, is signed, so that an agent can tell the platform from whatever stands between.
 */
export function registerAgentRoutes(app: FastifyInstance, context: Context): void {
  const nonces = new NonceMemory();
  const working = new Set<string>();

  /** An agent has no reason to ask two things at once; a hostile one could hold every database connection. */
  async function oneAtATime(agentId: string, work: () => Promise<unknown>): Promise<unknown> {
    if (working.has(agentId)) throw new AgentProblem('BUSY', 'The last request of this agent is not answered yet.');
    working.add(agentId);
    try {
      return await work();
    } finally {
      working.delete(agentId);
    }
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: limits.agentBodyBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error, request, reply) => sendProblem(context, request, reply, error));

    scope.post(agentPaths.enroll, { bodyLimit: limits.enrollDocumentBytes }, async (request, reply) => {
      const signed = signedRequest(request);
      const parameters = readSignature(signed, nowSeconds(context));
      // A new agent has no id yet: its key names itself, and the signature proves that the sender holds it.
      const publicKey = Buffer.from(parameters.keyid, 'base64url');
      // Anybody can make a key and sign with it: what is unpacked and kept for a stranger must be small. Its nonce is not kept at
      // all; the same request again has the same answer and does nothing.
      verifyRequest(signed, parameters, publicKey);
      const document = await readDocument(signed, Enroll, limits.enrollDocumentBytes);
      if (!Buffer.from(document.publicKey, 'base64').equals(publicKey)) {
        throw new AgentProblem('SIGNATURE_INVALID', 'The request was signed by another key than the one it wants to register.');
      }
      return send(context, request, reply, await enroll(context, document, publicKey));
    });

    function serve<Document extends z.ZodType>({ path, document, handle }: AgentEndpoint<Document>): void {
      scope.post(path, async (request, reply) => {
        const signed = signedRequest(request);
        const now = nowSeconds(context);
        const parameters = readSignature(signed, now);
        const agent = await findAgent(context.db, parameters.keyid);
        if (!agent) throw new AgentProblem('UNKNOWN_AGENT', 'The platform does not know this agent; enroll it again.');
        verifyRequest(signed, parameters, agent.publicKey);
        // After the signature, so that nobody can fill the memory with nonces of requests that were never valid.
        if (!nonces.remember(`${agent.id}.${parameters.nonce}`, parameters.expires, now))
          throw new AgentProblem('REPLAYED', 'This request was received before.');
        const answer = await oneAtATime(agent.id, async () => {
          const bytes = signed.body.length;
          return handle({ agent, document: await readDocument(signed, document, limits.agentDocumentBytes), bytes });
        });
        return send(context, request, reply, answer);
      });
    }

    serve({ path: agentPaths.checkIn, document: CheckIn, handle: ({ agent, document }) => checkIn(context, agent, document) });
    serve({
      path: agentPaths.sync,
      document: Sync,
      handle: ({ agent, document, bytes }) => sync(context, agent, document, bytes),
    });
  });
}

function signedRequest(request: FastifyRequest): SignedRequest {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  const [path, query] = mark < 0 ? [url, '?'] : [url.slice(0, mark), url.slice(mark)];
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { method: request.method, path, query, headers: request.headers, body };
}

/** Unpacks within the limit, parses, checks against the schema. */
async function readDocument<Document extends z.ZodType>(
  request: SignedRequest,
  schema: Document,
  maxBytes: number,
): Promise<z.infer<Document>> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  let text: string;
  if (encoding === 'zstd') {
    try {
      const unpacked = await decompress(request.body, {
        maxOutputLength: maxBytes,
        // A window above 8 MiB would make the platform allocate what the sender chooses.
        params: { [constants.ZSTD_d_windowLogMax]: 23 },
      });
      text = unpacked.toString('utf8');
    } catch (error) {
      const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      if (tooLarge) throw new AgentProblem('TOO_LARGE', `This document may unpack to ${maxBytes} bytes.`);
      throw new AgentProblem('MALFORMED', 'The body is not valid zstd.', { cause: error });
    }
  } else if (encoding === 'identity') text = request.body.toString('utf8');
  else throw new AgentProblem('MALFORMED', 'The body must be sent as zstd or uncompressed.');
  let value: unknown;
  try {
    value = JSON.parse(text); // The schema check follows.
  } catch (error) {
    throw new AgentProblem('MALFORMED', 'The body is not JSON.', { cause: error });
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AgentProblem(
    'MALFORMED',
    `The document breaks its schema at ${issue?.path.join('.').slice(0, 100)}: ${issue?.message}`,
  );
}

function sendProblem(context: Context, request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const problem = asProblem(error);
  if (problem.code === 'INTERNAL') context.log.error({ err: error, url: request.url }, 'agent request failed');
  reply.code(problem.status);
  return send(context, request, reply, {
    type: 'about:blank',
    title: problem.code,
    status: problem.status,
    code: problem.code,
    detail: problem.message,
  });
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
