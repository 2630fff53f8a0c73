import { fastify } from 'fastify';
import { expect, it } from 'vitest';
import { checkReplies } from './check-replies.ts';

const problem = { type: 'urn:x', title: 'x', status: 404, code: 'NOT_FOUND', detail: 'x' };

async function judged(url: string, { status, type, body }: { status: number; type: string; body: object }): Promise<string> {
  const app = fastify();
  app.get(url, (_request, reply) => reply.status(status).type(type).send(JSON.stringify(body)));
  const complain = checkReplies(app);
  await app.inject({ url });
  await app.close();
  try {
    complain();
  } catch (error) {
    return String(error);
  }
  return '';
}

const fine = { status: 200, type: 'application/json', body: { oidc: null } };
const gone = { type: 'application/problem+json', status: 404, body: problem };

it.each([
  ['a field of which the document does not tell', { body: { oidc: null, secret: 1 } }, 'must NOT have additional properties'],
  ['a field too few', { body: {} }, "must have required property 'oidc'"],
  ['a value of another type', { body: { oidc: 1 } }, 'data/oidc must be object'],
  ['another content', { type: 'text/csv' }, 'no such content: text/csv'],
  ['a status that it has not', gone, 'no such code: NOT_FOUND'],
  ['a success that it has not', { status: 201 }, 'no such content: application/json'],
])('%s is told', async (_, change, expected) => {
  const { status } = { ...fine, ...change };
  const found = await judged('/api/v1/login-methods', { ...fine, ...change });
  expect(found).toContain(`GET /api/v1/login-methods → ${status}: `);
  expect(found).toContain(expected);
});

it.each([
  ['what is in the document', fine],
  ['a fault', { ...gone, status: 500, body: { ...problem, code: 'INTERNAL' } }],
])('%s is right', async (_, reply) => {
  expect(await judged('/api/v1/login-methods', reply)).toBe('');
});

it('an operation of which the document does not tell is told', async () => {
  expect(await judged('/api/v1/nowhere', fine)).toContain('GET /api/v1/nowhere → 200: no such operation');
});
