import { buildChecks, indexStatements, judge, type InventoryElement } from '@vedette/matching';
import type { Advisory, KnowledgeInput } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowKnowledge } from './narrow-knowledge.ts';

const version = fc.constantFrom('1', '2', '3', '4');
const statement = fc.record({
  ecosystem: fc.constant('debian' as const),
  release: fc.constantFrom('bookworm', 'trixie'),
  package: fc.constantFrom('a', 'b', 'c'),
  status: fc.constantFrom('fixed' as const, 'affected' as const, 'not-affected' as const),
  introduced: fc.option(version),
  fixed: fc.option(version),
});
const cves = ['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003', 'CVE-2026-0004'];
const advisories = fc
  .array(
    fc.record({
      feed: fc.constantFrom('debian-dsa', 'debian-dla', 'debian-changelog'),
      vulnerabilities: fc.uniqueArray(fc.constantFrom(...cves), { maxLength: 3 }),
      affected: fc.array(statement, { maxLength: 4 }),
      alias: fc.option(fc.constantFrom('GHSA-1', 'GHSA-2')),
    }),
    { maxLength: 8 },
  )
  .map((drafts) =>
    drafts.map(({ alias, ...draft }, index): Advisory => {
      const advisory = { ...draft, id: `DSA-${index + 1}-1`, published: '2026-01-01' };
      // Only a record of one vulnerability has other names.
      return alias === null ? advisory : { ...advisory, vulnerabilities: draft.vulnerabilities.slice(0, 1), aliases: [alias] };
    }),
  );
const element = fc.record({ name: fc.constantFrom('a', 'b'), version }).map((one): InventoryElement => ({
  ...one,
  ecosystem: 'debian',
  release: 'bookworm',
  architecture: 'amd64',
  source: one.name,
  sourceVersion: one.version,
  role: 'installed',
}));

/** Every verdict "affected", with what a report says of it. */
function verdicts(input: KnowledgeInput, elements: readonly InventoryElement[]) {
  const { checks } = buildChecks(input);
  const index = indexStatements(checks);
  const severities = new Map(checks.map((check) => [check.number, check.severity]));
  return elements.flatMap((one) =>
    judge(one, index.statementsFor(one))
      .filter(({ verdict }) => verdict === 'affected')
      .map(({ check, statement: decisive, comparison }) => ({
        check,
        severity: severities.get(check),
        by: decisive.advisory,
        comparison,
        one,
      })),
  );
}

describe('narrowKnowledge', () => {
  it('leaves enough for the same detections, by the same statements and of the same severity, as the whole', () => {
    fc.assert(
      fc.property(advisories, fc.array(element, { minLength: 1, maxLength: 4 }), (said, elements) => {
        const whole: KnowledgeInput = { advisories: said, vulnerabilities: [], origins: [] };
        expect(verdicts(narrowKnowledge(whole, elements), elements)).toEqual(verdicts(whole, elements));
      }),
      { numRuns: 1000 },
    );
  });

  it('drops what no version at hand is affected by', () => {
    const said: Advisory = {
      id: 'DSA-1-1',
      feed: 'debian-dsa',
      published: null,
      vulnerabilities: ['CVE-2026-0001'],
      affected: [{ ecosystem: 'debian', release: 'bookworm', package: 'a', status: 'fixed', introduced: null, fixed: '2' }],
    };
    const [fixed] = fc.sample(element, 1).map((one) => ({ ...one, name: 'a', source: 'a', version: '2', sourceVersion: '2' }));
    expect(narrowKnowledge({ advisories: [said], vulnerabilities: [], origins: [] }, fixed ? [fixed] : []).advisories).toEqual(
      [],
    );
  });
});
