import { expect, it } from 'vitest';
import { TransitionLog } from '../fleet-index/transition-log.ts';
import { pageOfMoved } from './page-of-moved.ts';

it('looks at no name of an asset on which nothing moved', () => {
  const [from, to] = [new Date('2026-11-21T12:00:00Z'), new Date('2026-11-22T12:00:00Z')];
  const log = new TransitionLog();
  for (const asset of [3, 1]) log.add(0, asset, { at: from.getTime() + asset, from: 0, to: 1, first: true });
  const looked: number[] = [];
  const assets = ['a', 'b', 'c', 'd'].map((hostname, number) => ({
    number,
    assetId: `id of ${hostname}`,
    get hostname() {
      looked.push(number);
      return hostname;
    },
  }));
  const index = { log, table: { assets }, book: { checks: [{ number: 1, name: 'CVE-2026-1000', severity: 3 }] } } as never;
  const question = { organizationId: '', from, to, now: to, silentAfter: 1, query: null, fitting: () => [] };
  const order = { by: 'hostname', isTurned: false } as const;
  const rows = pageOfMoved({ index, imports: new Set() }, question, { order, behind: null, limit: 10 });
  expect(rows.map(({ assetId }) => assetId)).toEqual(['id of b', 'id of d']);
  expect(new Set(looked)).toEqual(new Set([1, 3]));
});
