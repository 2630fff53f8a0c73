import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { connect } from '../api/connect.ts';
import { makeProgram } from '../program.ts';
import { assetsFacts } from './assets-facts.ts';

it('asks for rows by a column, the other way round', async () => {
  const asked: URL[] = [];
  await using server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://mock'));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ total: 1, items: [{ name: 'bash' }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const surroundings = {
    environment: {},
    client: () => connect(url, { token: 'token' }),
    askSecret: async () => '',
    note: () => {},
    write: async () => {},
    input: async function* () {},
  };
  let printed = '';
  const program = makeProgram([assetsFacts], surroundings, (text) => (printed += text));
  const asset = '00000000-0000-4000-8000-000000000001';
  await program.parseAsync(['node', 'vedette', 'assets', 'facts', asset, 'dpkg', '--sort', 'version', '--descending']);
  expect(printed).toContain('bash');
  expect(asked[0]?.pathname).toBe(`/api/v1/assets/${asset}/facts/dpkg`);
  expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({ sort: 'version', direction: 'descending' });
});
