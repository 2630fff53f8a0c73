import {
  type Check,
  type CheckAffected,
  checkNumber,
  type Lifecycle,
  type PostureCheck,
  postureEcosystem,
  type Requirement,
} from '@vedette/protocol';

export interface PostureSurroundings {
  readonly lifecycles: readonly Lifecycle[];
  /** A day, as 2026-11-22. */
  readonly today: string;
}

/** Name of the feed of posture checks. */
export const postureFeed = 'posture';

/**
 * The checks of the knowledge base that posture checks stand for, sorted by number: statements about what a probe reads instead of
 * packages. What the support of releases decides holds on the day for which it is made; without what is known of it nothing can be said.
 */
export function buildPostureChecks(content: readonly PostureCheck[], surroundings: PostureSurroundings): Check[] {
  return content.map((one) => toCheck(one, surroundings)).sort((a, b) => a.number - b.number);
}

function toCheck(content: PostureCheck, surroundings: PostureSurroundings): Check {
  const { severity, severityRule, published, title, rationale, fix } = content;
  const name = postureCheckName(content.number);
  const affected = content.reads.flatMap(({ probe, requires }): CheckAffected[] => {
    const requirement = typeof requires === 'string' ? ofRelease(requires, surroundings) : requires;
    if (requirement === null) return [];
    const subject = { ecosystem: postureEcosystem, release: '', package: probe.id } as const;
    const said = { status: 'affected', introduced: null, fixed: null, requires: requirement } as const;
    return [{ ...subject, ...said, advisory: name, feed: postureFeed, published }];
  });
  return {
    number: checkNumber(name) ?? 0,
    name,
    aliases: [],
    severity,
    severityRule,
    confidence: 'confirmed',
    published,
    cvss: [],
    cwe: [],
    kevSince: null,
    epss: null,
    patchable: true,
    posture: { title, rationale, fix },
    affected,
  };
}

export function postureCheckName(number: number): string {
  return `VP-${number}`;
}

/**
 * `supported`: somebody still fixes the release, be it for those who pay. `secured`: it has its fixes for everybody; one that has none at
 * all is the other check's matter.
 */
function ofRelease(wanted: 'supported' | 'secured', { lifecycles, today }: PostureSurroundings): Requirement | null {
  const known = new Set<string>();
  const failing = new Set<string>();
  for (const { ecosystem, release, securitySupportEnds, extendedSupportEnds } of lifecycles) {
    if (ecosystem === null || !release || securitySupportEnds === null) continue;
    const name = `${ecosystem} ${release}`;
    const isOver = hasEnded(securitySupportEnds, today);
    const isGone = isOver && (extendedSupportEnds === null || hasEnded(extendedSupportEnds, today));
    known.add(name);
    if (wanted === 'supported' ? isGone : isOver && !isGone) failing.add(name);
  }
  if (known.size === 0) return null;
  // Without any that fails nothing is wrong with a known one.
  const unlike = failing.size === 0 ? {} : { unlike: [...failing].sort() };
  return { known: [...known].sort(), ...unlike };
}

/** True means that it has ended and nobody says when. */
function hasEnded(ending: string | boolean, today: string): boolean {
  return typeof ending === 'boolean' ? ending : ending <= today;
}
