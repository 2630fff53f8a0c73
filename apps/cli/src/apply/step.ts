import type { Kind, Spec } from './kind.ts';

/** One thing that would be made, changed or taken away. */
export interface Step {
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: Kind;
  readonly name: string;
  /** As it shall be; of what is taken away as it is. */
  readonly spec: Spec;
  /** Fields that differ, before and after. */
  readonly fields: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
}

/** What the platform holds of each kind, by name. */
export type Held = ReadonlyMap<Kind, ReadonlyMap<string, Spec>>;
