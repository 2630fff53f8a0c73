import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, expect, it } from 'vitest';
import { answerWithProblems } from './problems.ts';

const app = fastify() as unknown as FastifyInstance; // its logger is none
answerWithProblems(app);
app.get('/', (request) => {
  throw Object.assign(new Error('a text of PostgreSQL'), { code: (request.query as { code: string }).code });
});
afterAll(() => app.close());

it.each([
  ['57014', 503, 'narrow it down'],
  ['22021', 400, 'NUL'],
  ['XX000', 500, 'its log says why'],
])('tells SQLSTATE %s as status %d, without the text of the database', async (code, status, advice) => {
  const reply = await app.inject({ url: '/', query: { code } });
  expect(reply.json()).toMatchObject({ status, detail: expect.stringContaining(advice) as string });
  expect(reply.body).not.toContain('PostgreSQL');
});
