import { entities, type EntityName } from '@vedette/query';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { addMachine, call, installFleetFixture } from '../testing/fleet-fixture.ts';

installFleetFixture({ syncDocument, throwAwayDatabase });

const lists: Readonly<Record<EntityName, string>> = {
  asset: 'assets',
  detection: 'detections',
  check: 'checks',
  software: 'software',
  event: 'events',
};

beforeAll(async () => {
  await addMachine('web-1');
}, 60_000);

async function ask(about: EntityName, query: string): Promise<string> {
  const { status, json } = await call('GET', `/${lists[about]}?limit=5&query=${encodeURIComponent(query)}`);
  return `${status} ${json.detail ?? ''}`;
}

/** Each with every field, as its document shows it, as it is not, and inside of what holds it. */
describe.each(Object.values(entities).map((entity) => [entity.name, entity] as const))('fields of %s', (about, { fields }) => {
  it.each(fields.map(({ example }) => example))('%s is answered', async (example) => {
    expect(await ask(about, example)).toBe('200 ');
    expect(await ask(about, `not ${example} or ${example}`)).toMatch(/^(200 |400 query: upgrade is of what is open now)/);
  });

  /** Of one moment the index knows what was open, of a minute the histories alone do. */
  const momentOnly = '2026-11-01T00:00Z';
  const inner = fields.flatMap(({ name, of }) =>
    of ? entities[of].fields.map(({ example }) => `${name}:(${example.replace(momentOnly, '2026-11-01T00:00:00.000Z')})`) : [],
  );
  it('are asked of what they hold', async () => {
    const refused = [];
    for (const query of inner) {
      const answer = await ask(about, query);
      if (answer !== '200 ') refused.push(`${query}: ${answer}`);
    }
    expect(refused).toEqual([]);
  });

  it.each([
    ['as many stars as fit', `"x" or ${'*a'.repeat(1000)}*`],
    ['a hundred words', Array.from({ length: 100 }, (_, i) => `*${i}*`).join(' or ')],
    ['what no alphabet has', '"\u{1f600}%_\\\\" or ""'],
  ])('take %s', async (_, query) => {
    expect(await ask(about, query)).toBe('200 ');
  });
});
