import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { openApi } from '../http/open-api.ts';

interface Described {
  readonly description: string;
  readonly content: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly responses: Readonly<Record<string, Described>>;
}

/** What is served below /api/v1 and is no operation of the document: files and redirects. */
const undocumented = ['/reports/:reportId/file', '/releases/files/:sha256', '/login/oidc', '/login/oidc/callback'];

const document = openApi('0.0.0') as { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }; // as OpenAPI has it
const ajv = new Ajv2020({ strict: false, validateSchema: false });
addFormats.default(ajv);
ajv.addSchema(document, 'document');
/** By the place of the schema; compiled when it is first needed. */
const validators = new Map<string, ValidateFunction>();

/**
 * Holds every reply below /api/v1 against the OpenAPI document: its status, its content type, its body and, where it is a problem, its code.
 * Call what it returns when the tests are over: it throws an Error that names all replies that disagreed.
 */
export function checkReplies(app: FastifyInstance): () => void {
  const found = new Set<string>();
  app.addHook('onSend', async (request, reply, payload) => {
    const { url } = request.routeOptions;
    if (request.method === 'HEAD' || !url?.startsWith('/api/v1/') || undocumented.includes(url.slice(7))) return payload;
    const fault = faultOf(request.method.toLowerCase(), url.slice(7).replace(/:(\w+)/g, '{$1}'), { reply, payload });
    if (fault !== null) found.add(`${request.method} ${url} → ${reply.statusCode}: ${fault}`);
    return payload;
  });
  return () => {
    if (found.size > 0) throw new Error(`Replies contradict the OpenAPI document:\n${[...found].join('\n')}`);
  };
}

interface Sent {
  readonly reply: FastifyReply;
  readonly payload: unknown;
}

function faultOf(method: string, path: string, { reply, payload }: Sent): string | null {
  const responses = document.paths[path]?.[method]?.responses;
  if (!responses) return 'no such operation';
  const status = responses[reply.statusCode] ? String(reply.statusCode) : 'default';
  const described = responses[status];
  const [type = ''] = String(reply.getHeader('content-type')).split(';');
  if (!described?.content[type]) return `no such content: ${type}`;
  if (typeof payload !== 'string') return type === 'text/csv' ? null : 'no text';
  const body = JSON.parse(payload) as { readonly code?: string }; // the schema is looked at next
  const validate = validatorOf(`document#/paths/${pointer(path)}/${method}/responses/${status}/content/${pointer(type)}/schema`);
  if (!validate(body)) return ajv.errorsText(validate.errors);
  if (type === 'application/json' || described.description.split(', ').includes(String(body.code))) return null;
  return `no such code: ${body.code}`;
}

function validatorOf(place: string): ValidateFunction {
  const known = validators.get(place) ?? ajv.compile({ $ref: place });
  validators.set(place, known);
  return known;
}

/** RFC 6901, in a URI fragment. */
function pointer(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));
}
