import type { Spec } from './kind.ts';
import { profileKind, tagKind } from './kinds.ts';
import type { Held, Step } from './step.ts';

/**
 * Steps, given kind by kind, so that each can be done when its turn comes: a tag after those for which its query asks, the default profile
 * after the one that was it is so no more; what is taken away at the end, and before what it speaks of.
 */
export function inOrder(steps: readonly Step[], held: Held): Step[] {
  const saves = steps.filter(({ action }) => action !== 'delete');
  const savedTags = saves.flatMap(({ kind, name, spec }) => (kind === tagKind ? [[name, spec] as const] : []));
  const rankOf = ranks(new Map([...(held.get(tagKind) ?? []), ...savedTags]));
  const deletes = steps.filter(({ action }) => action === 'delete').toReversed();
  const makesWay = saves.some(isDefault) ? deletes.filter(isDefault) : [];
  // toSorted keeps the order of what is equal.
  const rank = (step: Step): number => (step.kind === tagKind ? (rankOf.get(step.name) ?? 0) : isDefault(step) ? 1 : 0);
  const between = (a: Step, b: Step): number => (a.kind === b.kind ? rank(a) - rank(b) : 0);
  return [
    ...makesWay,
    ...saves.toSorted(between),
    ...deletes.filter((step) => !makesWay.includes(step)).toSorted((a, b) => between(b, a)),
  ];
}

function isDefault({ kind, spec }: Step): boolean {
  return kind === profileKind && spec['query'] === null;
}

/** A number for each tag, higher than those of the tags for which its query asks. */
function ranks(tags: ReadonlyMap<string, Spec>): ReadonlyMap<string, number> {
  const ranked = new Map<string, number>();
  const visit = (name: string, path: readonly string[]): void => {
    // One that depends on itself is refused elsewhere.
    if (ranked.has(name) || path.includes(name)) return;
    const asked = tagKind.tags?.(tags.get(name) ?? {}).askedFor(tags.keys()) ?? [];
    for (const other of asked) visit(other, [...path, name]);
    ranked.set(name, ranked.size);
  };
  for (const name of tags.keys()) visit(name, []);
  return ranked;
}
