import { isDeepStrictEqual } from 'node:util';
import type { Client } from '../api/connect.ts';
import { type Kind, kinds, type Spec } from './kinds.ts';
import type { Wanted } from './read-documents.ts';

/** One thing that would be made, changed or taken away. */
export interface Step {
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: Kind;
  readonly name: string;
  readonly spec: Spec;
  /** Fields that differ, before and after. */
  readonly fields: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
}

export interface Plan {
  /** In the order in which they have to happen. */
  readonly steps: readonly Step[];
  readonly unchanged: number;
}

/** Compares what files want with what is there. `prune`: what no file names is taken away, of the kinds that the files name. */
export async function planChanges(client: Client, wanted: readonly Wanted[], prune: boolean): Promise<Plan> {
  const steps: Step[] = [];
  const deletes: Step[] = [];
  let unchanged = 0;
  for (const kind of kinds) {
    const ofKind = wanted.filter((one) => one.kind === kind);
    if (ofKind.length === 0) continue;
    const there = await kind.list(client);
    for (const { name, spec } of ofKind) {
      const now = there.get(name);
      const fields = differences(now, spec);
      if (now && fields.length === 0) unchanged += 1;
      else steps.push({ action: now ? 'change' : 'create', kind, name, spec, fields });
    }
    if (!prune || !kind.delete) continue;
    const named = new Set(ofKind.map(({ name }) => name));
    for (const [name, spec] of there) if (!named.has(name)) deletes.unshift({ action: 'delete', kind, name, spec, fields: [] });
  }
  return { steps: [...steps, ...deletes], unchanged };
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
export function describeStep({ action, kind, name, fields }: Step): string {
  const sign = { create: '+', change: '~', delete: '-' }[action];
  const lines = fields.map(({ field, from, to }) =>
    action === 'create' ? `    ${field}: ${show(to)}` : `    ${field}: ${show(from)} -> ${show(to)}`,
  );
  return [`${sign} ${kind.kind} ${name}`, ...lines].join('\n');
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
