import { severityNames, type Check, type CheckAffected, type CheckChange } from '@vedette/protocol';
import { requirementText } from './requirement.ts';

/** What one knowledge version said of a check. */
export interface CheckForm {
  readonly knowledgeVersion: number;
  /** RFC 3339. */
  readonly at: string;
  /** Null where that version no longer had it. */
  readonly check: Check | null;
}

type Change = Pick<CheckChange, 'what' | 'subject' | 'from' | 'to'>;

/** An EPSS probability moves a little every day; less than this is no news. */
const leastEpssChange = 0.01;

/** What each version changed about a check, newest first. `forms` in the order of their versions. */
export function checkChanges(forms: readonly CheckForm[]): CheckChange[] {
  const changes: CheckChange[] = [];
  let last: Check | null = null;
  for (const { knowledgeVersion, at, check } of forms) {
    const isFirst = changes.length === 0;
    for (const change of changesBetween(last, check, isFirst)) changes.push({ knowledgeVersion, at, ...change });
    last = check;
  }
  return changes.reverse();
}

function changesBetween(before: Check | null, after: Check | null, isFirst: boolean): Change[] {
  if (!after) return before ? [ofCheck('withdrawn', before.name, null)] : [];
  if (!before) return [ofCheck(isFirst ? 'first-seen' : 'returned', null, after.name)];
  const changes = facts.flatMap(([what, textOf]) => {
    const [from, to] = [textOf(before), textOf(after)];
    return from === to || (what === 'epss' && isSmall(before, after)) ? [] : [ofCheck(what, from, to)];
  });
  return [...changes, ...statementChanges(before.affected, after.affected)];
}

function ofCheck(what: CheckChange['what'], from: string | null, to: string | null): Change {
  return { what, subject: null, from, to };
}

const facts: readonly (readonly [what: CheckChange['what'], textOf: (check: Check) => string | null])[] = [
  ['severity', ({ severity, severityRule }) => `${severity} ${severityNames[severity]} (${severityRule})`],
  ['confidence', ({ confidence }) => confidence],
  ['known-exploited', ({ kevSince }) => (kevSince === null ? null : `since ${kevSince}`)],
  ['cvss', ({ cvss }) => listed(cvss.map(({ version, score, source }) => `${version} ${score.toFixed(1)} (${source})`))],
  ['epss', ({ epss }) => (epss ? String(epss.score) : null)],
  [
    'ssvc',
    ({ ssvc }) =>
      ssvc
        ? `exploitation ${ssvc.exploitation}, automatable ${ssvc.automatable ? 'yes' : 'no'}, impact ${ssvc.technicalImpact}`
        : null,
  ],
  ['weaknesses', ({ cwe }) => listed(cwe)],
  ['aliases', ({ aliases }) => listed(aliases)],
  ['patchable', ({ patchable }) => (patchable ? 'yes' : 'no')],
  ['published', ({ published }) => published],
];

function listed(names: readonly string[]): string | null {
  return names.length === 0 ? null : names.toSorted().join(', ');
}

function isSmall(before: Check, after: Check): boolean {
  return before.epss !== null && after.epss !== null && Math.abs(before.epss.score - after.epss.score) < leastEpssChange;
}

function statementChanges(before: readonly CheckAffected[], after: readonly CheckAffected[]): Change[] {
  const [old, now] = [bySubject(before), bySubject(after)];
  const changes: Change[] = [];
  for (const [subject, from] of old) {
    const to = now.get(subject) ?? null;
    if (to === null) changes.push({ what: 'statement-withdrawn', subject, from, to });
    else if (to !== from) changes.push({ what: 'statement-changed', subject, from, to });
  }
  for (const [subject, to] of now) if (!old.has(subject)) changes.push({ what: 'statement-added', subject, from: null, to });
  return changes;
}

/** What each advisory says of each package; several stretches of versions in one text. */
function bySubject(statements: readonly CheckAffected[]): Map<string, string> {
  const texts = new Map<string, string[]>();
  for (const statement of statements) {
    const place = [statement.ecosystem, statement.release, statement.package, statement.module].filter(Boolean).join(' ');
    const subject = `${place}, ${statement.advisory} (${statement.feed})`;
    const text = statementSummary(statement);
    const known = texts.get(subject);
    if (known) known.push(text);
    else texts.set(subject, [text]);
  }
  return new Map([...texts].map(([subject, all]) => [subject, all.toSorted().join('; ')]));
}

/** What one statement says, in a few words: "from 1.0, fixed in 1.4", "affected, no fix yet, no-dsa". */
export function statementSummary(statement: CheckAffected): string {
  if (statement.status === 'not-affected') return 'not affected';
  const parts = [
    statement.introduced ? `from ${statement.introduced}` : null,
    statement.versions ? `${statement.versions.length} listed versions` : null,
    statement.lastAffected ? `up to ${statement.lastAffected}` : null,
    statement.limit ? `below ${statement.limit}` : null,
    statement.requires ? `has to be ${requirementText(statement.requires)}` : fixText(statement),
    statement.vendorState ?? null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

function fixText({ status, fixed, patches }: CheckAffected): string {
  if (status !== 'fixed') return 'affected, no fix yet';
  return fixed === null ? `fixed by ${(patches ?? []).join(' or ') || 'an update'}` : `fixed in ${fixed}`;
}
