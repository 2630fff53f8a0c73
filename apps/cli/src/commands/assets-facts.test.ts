import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { connect } from '../api/connect.ts';
import { runProgram } from '../testing/run-program.ts';
import { assetsFacts } from './assets-facts.ts';

it('asks for rows by a column, the other way round, page by page', async () => {
  const asked: URL[] = [];
  await using server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://mock'));
    const page = { total: 2, items: [{ name: 'bash' }], next: asked.length === 1 ? 'more' : null };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asset = '00000000-0000-4000-8000-000000000001';
  const run = async (...options: string[]): Promise<string> => {
    const words = ['assets', 'facts', asset, 'dpkg', '--sort', 'version', '--descending', ...options];
    return (await runProgram([assetsFacts], words, { client: () => connect(url, { token: 'token' }) })).printed;
  };
  expect(await run()).toContain('1 of 2; go on with --after more, or ask for --all');
  expect(asked[0]?.pathname).toBe(`/api/v1/assets/${asset}/facts/dpkg`);
  expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({ sort: 'version', direction: 'descending' });
  asked.splice(0);
  expect((await run('--all')).split('bash').length - 1).toBe(2);
  expect(asked.map(({ searchParams }) => searchParams.get('after'))).toEqual([null, 'more']);
  await expect(run('--all', '--offset', '5')).rejects.toThrow('--all and --offset exclude each other');
});
