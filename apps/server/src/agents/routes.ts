import { promisify } from 'node:util';
import { constants, zstdDecompress } from 'node:zlib';
import { agentPaths, CheckIn, Enroll, limits, Sync } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { AgentProblem } from './agent-problem.ts';
import { checkIn } from './check-in.ts';
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
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: limits.agentBodyBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error, request, reply) => sendProblem(context, request, reply, error));

    scope.post(agentPaths.enroll, async (request, reply) => {
      const signed = signedRequest(request);
      const now = nowSeconds(context);
      const parameters = readSignature(signed, now);
      // A new agent has no id yet: its key names itself, and the signature proves that the sender holds it.
      const publicKey = Buffer.from(parameters.keyid, 'base64url');
      verifyRequest(signed, parameters, publicKey, nonces, now);
      const document = await readDocument(signed, Enroll);
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
        verifyRequest(signed, parameters, agent.publicKey, nonces, now);
        const bytes = signed.body.length;
        return send(context, request, reply, await handle({ agent, document: await readDocument(signed, document), bytes }));
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
  const [path = '', query = ''] = request.raw.url?.split('?', 2) ?? [];
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { method: request.method, path, query: query ? `?${query}` : '?', headers: request.headers, body };
}

/** Unpacks within the limit, parses, checks against the schema. */
async function readDocument<Document extends z.ZodType>(request: SignedRequest, schema: Document): Promise<z.infer<Document>> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  let text: string;
  if (encoding === 'zstd') {
    try {
      const unpacked = await decompress(request.body, {
        maxOutputLength: limits.agentDocumentBytes,
        // A window above 8 MiB would make the platform allocate what the sender chooses.
        params: { [constants.ZSTD_d_windowLogMax]: 23 },
      });
      text = unpacked.toString('utf8');
    } catch (error) {
      const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      if (tooLarge) throw new AgentProblem('TOO_LARGE', `A document may unpack to ${limits.agentDocumentBytes} bytes.`);
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
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new AgentProblem('TOO_LARGE', `A request may have ${limits.agentBodyBytes} bytes.`);
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
