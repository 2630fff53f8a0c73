import { faultOfTag, type Query } from '@vedette/query';
import { assetQueryOf, type Kind, type Spec } from './kind.ts';
import { profileKind, roleKind, tagKind } from './kinds.ts';
import type { Held, Step } from './step.ts';
import type { Wanted } from './read-documents.ts';

/** What keeps the platform from taking something away, in its words: by kind and name. */
export type Uses = ReadonlyMap<Kind, ReadonlyMap<string, readonly string[]>>;

/** Names of all that count against the cap of a kind. */
export type Counted = ReadonlyMap<Kind, Iterable<string>>;

/** What the platform would refuse of these steps, done one after the other. */
export function faultsOf(steps: readonly Step[], held: Held, { uses, counted }: { uses: Uses; counted: Counted }): string[] {
  return [
    ...tagFaults(steps, held),
    ...defaultFaults(steps, held),
    ...roleFaults(steps, held),
    ...useFaults(steps, uses),
    ...capFaults(steps, counted),
  ];
}

/** More than the platform takes, also for a moment in between: what is taken away goes last. */
function capFaults(steps: readonly Step[], counted: Counted): string[] {
  return [...counted].flatMap(([kind, already]) => {
    const { cap } = kind;
    const names = new Set(already);
    const before = names.size;
    let most = before;
    for (const { action, kind: of, name } of steps) {
      if (of !== kind) continue;
      names[action === 'delete' ? 'delete' : 'add'](name);
      most = Math.max(most, names.size);
    }
    if (!cap || most <= cap.most || most === before) return [];
    return [`${kind.kind}: there may be at most ${cap.most} ${cap.of}, and there would be ${most}; ${before} are there now`];
  });
}

/** Tags that would depend on themselves, also for a moment in between. */
function tagFaults(steps: readonly Step[], held: Held): string[] {
  const tags = new Map<string, Query | null>();
  for (const [name, { query }] of held.get(tagKind) ?? []) tags.set(name, assetQueryOf(query));
  return steps.flatMap(({ action, kind, name, spec }) => {
    if (kind !== tagKind || action === 'delete') return [];
    const fault = faultOfTag(tags.set(name, assetQueryOf(spec['query'])), name);
    return fault === null ? [] : [`Tag ${name}: query: ${fault}`];
  });
}

/** A second profile for all assets. */
function defaultFaults(steps: readonly Step[], held: Held): string[] {
  const defaults = new Set<string>();
  for (const [name, { query }] of held.get(profileKind) ?? []) if (query === null) defaults.add(name);
  return steps.flatMap(({ action, kind, name, spec }) => {
    if (kind !== profileKind) return [];
    defaults.delete(name);
    const [other] = defaults;
    if (action === 'delete' || spec['query'] !== null) return [];
    defaults.add(name);
    return other === undefined
      ? []
      : [`Profile ${name}: ${other} is the default, for all assets, already: give one of them a query`];
  });
}

/** Roles that nobody would have made by the time that a rule names them. */
function roleFaults(steps: readonly Step[], held: Held): string[] {
  const roles = new Set(held.get(roleKind)?.keys());
  for (const { action, kind, name } of steps) if (kind === roleKind) roles[action === 'delete' ? 'delete' : 'add'](name);
  return steps.flatMap(({ kind, name, spec }) =>
    (kind.roles?.(spec) ?? [])
      .filter((role) => !roles.has(role))
      .map((role) => `${kind.kind} ${name}: there is no role "${role}"`),
  );
}

/** What something uses cannot be taken away, unless that ends before. */
function useFaults(steps: readonly Step[], uses: Uses): string[] {
  const ended = new Set(steps.map(({ kind, name }) => kind.calls?.(name)));
  return steps.flatMap(({ action, kind, name }) => {
    if (action !== 'delete') return [];
    const staying = (uses.get(kind)?.get(name) ?? []).filter((use) => !ended.has(use));
    const coming = kind === tagKind ? steps.filter((step) => step.action !== 'delete' && asksFor(step, name)) : [];
    const users = [...staying, ...coming.map((step) => step.kind.calls?.(step.name) ?? step.name)];
    return users.length === 0
      ? []
      : [`${kind.kind} ${name} cannot be taken away: it is used by ${users.slice(0, 10).join(', ')}`];
  });
}

function asksFor({ kind, spec }: { readonly kind: Kind; readonly spec: Spec }, tag: string): boolean {
  return (kind.tags?.(spec).askedFor([tag]).length ?? 0) > 0;
}

/** Tags of which files speak, and that neither they nor the platform know: allowed, and most likely a slip. */
export function unknownTags(wanted: readonly Wanted[], known: Iterable<string>): string[] {
  const all = new Set([...known, ...wanted.flatMap(({ kind, name }) => (kind === tagKind ? [name] : []))]);
  return wanted.flatMap(({ kind, name, spec, where }) =>
    (kind.tags?.(spec).named ?? [])
      .filter((tag) => !all.has(tag))
      .map((tag) => `${where}: ${kind.kind} ${name} speaks of the tag ${tag}, which is on no asset and in no file`),
  );
}
