import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../api/connect.ts';
import { CliError } from '../errors.ts';
import { type Counted, faultsOf, unknownTags, type Uses } from './check-plan.ts';
import type { Kind, Spec } from './kind.ts';
import { kinds, roleKind, tagKind } from './kinds.ts';
import { inOrder } from './order-steps.ts';
import type { Wanted } from './read-documents.ts';
import type { Held, Step } from './step.ts';

export interface Plan {
  /** In the order in which they have to happen. */
  readonly steps: readonly Step[];
  readonly unchanged: number;
  /** What is allowed, and most likely a slip. */
  readonly warnings: readonly string[];
}

/**
 * Compares what files want with what is there. `prune`: what no file names is taken away, of the kinds that the files name. Throws CliError
 * CONFIG that names everything the platform would refuse on the way, so that nothing is begun that cannot be ended.
 */
export async function planChanges(client: Client, wanted: readonly Wanted[], prune: boolean): Promise<Plan> {
  const held = await loadHeld(client, wanted);
  const steps: Step[] = [];
  let unchanged = 0;
  for (const kind of kinds) {
    const ofKind = wanted.filter((one) => one.kind === kind);
    if (ofKind.length === 0) continue;
    const there = held.get(kind) ?? new Map<string, Spec>();
    for (const { name, spec } of ofKind) {
      const now = there.get(name);
      const fields = differences(now, spec);
      if (now && fields.length === 0) unchanged += 1;
      else steps.push({ action: now ? 'change' : 'create', kind, name, spec, fields });
    }
    if (!prune || !kind.delete) continue;
    const named = new Set(ofKind.map(({ name }) => name));
    for (const [name, spec] of there) if (!named.has(name)) steps.push({ action: 'delete', kind, name, spec, fields: [] });
  }
  const ordered = inOrder(steps, held);
  const uses = await usesOf(client, held);
  const faults = faultsOf(ordered, held, { uses, counted: await countedOf(client, held) });
  if (faults.length > 0) throw new CliError('CONFIG', `nothing was changed:\n${faults.join('\n')}`);
  return { steps: ordered, unchanged, warnings: unknownTags(wanted, uses.get(tagKind)?.keys() ?? []) };
}

/** Of the kinds that files name, and of those of which they speak. */
async function loadHeld(client: Client, wanted: readonly Wanted[]): Promise<Held> {
  const held = new Map<Kind, ReadonlyMap<string, Spec>>();
  const named = new Set(wanted.map(({ kind }) => kind));
  if (wanted.some(({ kind }) => 'tags' in kind)) named.add(tagKind);
  if (wanted.some(({ kind }) => 'roles' in kind)) named.add(roleKind);
  for (const kind of named) held.set(kind, await kind.list(client));
  return held;
}

async function usesOf(client: Client, held: Held): Promise<Uses> {
  const uses = new Map<Kind, ReadonlyMap<string, readonly string[]>>();
  for (const kind of held.keys()) if (kind.uses) uses.set(kind, await kind.uses(client));
  return uses;
}

async function countedOf(client: Client, held: Held): Promise<Counted> {
  const counted = new Map<Kind, Iterable<string>>();
  for (const [kind, there] of held) if (kind.cap) counted.set(kind, (await kind.cap.counted?.(client)) ?? there.keys());
  return counted;
}

function differences(now: Spec | undefined, then: Spec): Step['fields'] {
  return Object.keys(then)
    .filter((field) => !isDeepStrictEqual(now?.[field], then[field]) && (now !== undefined || then[field] !== null))
    .map((field) => ({ field, from: now?.[field] ?? null, to: then[field] }));
}

/** Carries one step out. Throws what the client throws. */
export async function carryOut(client: Client, { action, kind, name, spec }: Step): Promise<void> {
  if (action === 'delete') await kind.delete?.(client, name);
  else await kind.save(client, name, spec);
}

/** As people read a difference: "+" made, "~" changed, "-" taken away. */
export function describeStep(step: Step): string {
  const { action, fields } = step;
  const lines = fields.map(({ field, from, to }) =>
    action === 'create' ? `    ${field}: ${show(to)}` : `    ${field}: ${show(from)} -> ${show(to)}`,
  );
  return [nameStep(step), ...lines].join('\n');
}

/** Its first line. */
export function nameStep({ action, kind, name }: Step): string {
  return `${{ create: '+', change: '~', delete: '-' }[action]} ${kind.kind} ${name}`;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
