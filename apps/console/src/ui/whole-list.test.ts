import { describe, expect, it } from 'vitest';
import { arrange, wholeList } from './whole-list.ts';

const items = [
  { name: 'web-10', uses: 2, seen: '2026-11-20T08:00:00.000Z' },
  { name: 'Web-9', uses: 10, seen: null },
  { name: 'db', uses: 1, seen: '2026-11-21T08:00:00.000Z' },
];
type Item = (typeof items)[number];
const columns = [
  { id: 'name', text: (item: Item) => item.name },
  { id: 'uses', isHighestFirst: true, text: (item: Item) => item.uses },
  { id: 'seen', text: (item: Item) => item.seen },
  { id: 'untold' },
];

describe('arrange', () => {
  it.each([
    ['as they came without a column', {}, ['web-10', 'Web-9', 'db']],
    ['as they came by a column that has no text', { sort: 'untold' }, ['web-10', 'Web-9', 'db']],
    ['as they came by a column that there is not', { sort: 'constructor' }, ['web-10', 'Web-9', 'db']],
    ['by name, figures as figures and whatever the case', { sort: 'name' }, ['db', 'Web-9', 'web-10']],
    ['by name turned round', { sort: 'name', direction: 'descending' }, ['web-10', 'Web-9', 'db']],
    ['with the highest first', { sort: 'uses' }, ['Web-9', 'web-10', 'db']],
    ['with the lowest first when that is turned round', { sort: 'uses', direction: 'descending' }, ['db', 'web-10', 'Web-9']],
    ['with what is missing last', { sort: 'seen' }, ['web-10', 'db', 'Web-9']],
    ['with what is missing last when turned round', { sort: 'seen', direction: 'descending' }, ['db', 'web-10', 'Web-9']],
    ['that hold what is searched for', { search: ' WEB-1 ' }, ['web-10']],
    ['that hold it, in order', { search: 'web', sort: 'name' }, ['Web-9', 'web-10']],
    ['of which none holds it', { search: 'mail' }, []],
  ])('gives items %s', (_, state, expected) => {
    expect(arrange(items, columns, state).map(({ name }) => name)).toEqual(expected);
  });

  it('leaves the list of the platform as it is', () => {
    const before = items.map(({ name }) => name);
    arrange(items, columns, { sort: 'name' });
    expect(items.map(({ name }) => name)).toEqual(before);
  });
});

describe('wholeList', () => {
  const retry = () => null;

  it('tells nothing of how many there are before the first answer', () => {
    expect(wholeList({ data: undefined, isPending: true, error: null, refetch: retry }, [])).toMatchObject({
      total: undefined,
      isPending: true,
    });
  });

  it('shows the former answer rather than what went wrong after it', () => {
    expect(wholeList({ data: { items }, isPending: false, error: new Error('gone'), refetch: retry }, items).error).toBe(null);
  });

  it('hands an export the items that are shown', async () => {
    const shown = items.slice(1);
    const list = wholeList({ data: { items }, isPending: false, error: null, refetch: retry }, shown);
    expect(list.total).toBe(2);
    await expect(list.fetchPart({ limit: 500 })).resolves.toEqual({ total: 2, items: shown });
  });
});
