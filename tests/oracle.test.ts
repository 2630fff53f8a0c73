import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ecosystems, type Ecosystem } from '@vedette/ecosystems';
import { contradictedByProgram } from '../tools/oracle/ask-dpkg.ts';
import { withinCircles } from '../tools/oracle/circles.ts';
import { claim, seededRandom, versionPairs, type VersionClaim } from '../tools/oracle/claims.ts';
import { peers, type Peer } from '../tools/oracle/peers.ts';
import { realVersions } from '../tools/oracle/real-versions.ts';

const repository = join(import.meta.dirname, '..');
const relations: Record<string, VersionClaim['relation']> = { '<': 'lt', '=': 'eq', '>': 'gt' };
const all = Object.entries(peers).map(([name, peer]) => ({ name, peer, isHere: peer.isHere() }));

/** Small enough to be installed for every run; the others are asked where they happen to be, and by `npm run oracle`. */
const always = new Set(['dpkg', 'rpm']);

for (const { name, peer, isHere } of all.filter((one) => one.isHere || always.has(one.name))) {
  describe.runIf(isHere)(`the real ${name}${isHere ? '' : ' (skipped: not on this machine)'}`, () => {
    askReal(peer);
  });
}

function askReal(peer: Peer): void {
  it('agrees with every line of versions.txt that it orders', async () => {
    const lines = readTable(peer.ecosystem).filter(({ a, b }) => isAsked(peer, a, b));
    expect(lines.length).toBeGreaterThan(9);
    expect(await contradictions(peer, lines)).toEqual([]);
  });

  it('agrees with our order of 300 random and mutated pairs', async () => {
    const claims = versionPairs(realVersions(peer), peer.spice, 300, seededRandom(20_261_122))
      .filter(([a, b]) => isAsked(peer, a, b))
      .map(([a, b]) => claim(peer.ecosystem, a, b));
    expect(new Set(claims.map(({ relation }) => relation)), 'the pairs cover every answer').toEqual(
      new Set(['lt', 'eq', 'gt', ...(refusing.has(peer.ecosystem) ? ['refused'] : [])]),
    );
    expect(await contradictions(peer, claims)).toEqual([]);
  });

  it('contradicts a wrong claim, so that the other tests can fail', async () => {
    const wrong: VersionClaim[] = [
      { a: version(peer, '1.0.1'), b: version(peer, '1.0.0'), relation: 'lt' },
      { a: version(peer, '1.0.0'), b: version(peer, '1.0.0'), relation: 'gt' },
    ];
    const right: VersionClaim = { a: version(peer, '1.0.1'), b: version(peer, '1.0.2'), relation: 'lt' };
    expect(await contradictions(peer, [...wrong, right])).toEqual(wrong);
  });
}

describe.runIf(peers['dpkg']?.isHere())('the real dpkg', () => {
  const dpkg = peers['dpkg'] as Peer;

  it('refuses what we refuse and takes what we take', async () => {
    const refused = [
      '-1',
      '-1:1',
      '1.0-',
      ':1.0',
      'a:1.0',
      '2147483648:1',
      '1 0',
      '1:',
      '1:-1',
      '1.0-1:2',
      '0x1:1',
      '1 :1',
      '1.0-1-',
    ];
    const taken = ['a1.0', '1.0_1', '1:2:3', '+1:1', '1!', '01:1', ' 1.0', '1.0-+', '-0:1', '~1', '!1', '2147483647:1'];
    const claims = [...refused, ...taken].map((text) => claim(ecosystems.debian, text, '1'));
    expect(claims.filter(({ relation }) => relation === 'refused').map(({ a }) => a)).toEqual(refused);
    expect(await contradictions(dpkg, claims)).toEqual([]);
  });

  it('answers as a program what its library answers', async () => {
    const claims = versionPairs(realVersions(dpkg), dpkg.spice, 100, seededRandom(7)).map(([a, b]) =>
      claim(dpkg.ecosystem, a, b),
    );
    const turned = claims.map((one): VersionClaim => ({ ...one, relation: one.relation === 'lt' ? 'gt' : one.relation }));
    expect(await contradictedByProgram(turned)).toEqual(await contradictions(dpkg, turned));
  });

  it('contradicts a claim that it refuses a version, and one that it takes one', async () => {
    const wrong: VersionClaim[] = [
      { a: '1.0', b: '1.0', relation: 'refused' },
      { a: '1.0-', b: '1.0', relation: 'lt' },
    ];
    expect(await contradictions(dpkg, wrong)).toEqual(wrong);
  });
});

/** Ecosystems that have texts which are no versions, among the pairs that are asked. */
const refusing: ReadonlySet<Ecosystem> = new Set([
  ecosystems.debian,
  ecosystems.pypi,
  ecosystems.rubygems,
  ecosystems.go,
  ecosystems.semver,
]);

function isAsked(peer: Peer, a: string, b: string): boolean {
  return peer.isOrdered?.(a, b) ?? true;
}

/** Go's library wants the v, which nobody else does. */
function version(peer: Peer, text: string): string {
  return peer.ecosystem.name === 'go' ? `v${text}` : text;
}

async function contradictions(peer: Peer, claims: readonly VersionClaim[]): Promise<VersionClaim[]> {
  const ask = (questions: readonly VersionClaim[]) => peer.ask(questions, () => {});
  const { contradicted } = await ask(claims);
  const inCircles = new Set(await withinCircles(contradicted, ask));
  return contradicted.filter((one) => !inCircles.has(one));
}

function readTable(ecosystem: Ecosystem): VersionClaim[] {
  const table = readFileSync(join(repository, 'packages/ecosystems/src', ecosystem.name, 'versions.txt'), 'utf8');
  return table.split('\n').flatMap((line) => {
    const [a, sign, b] = line.split(' ');
    const relation = relations[sign ?? ''];
    return a && b && relation && !line.startsWith('#') ? [{ a, b, relation }] : [];
  });
}
