import type { SyntaxNode } from '@lezer/common';
import { entities } from './entities.ts';
import type { Entity, EntityName, Field } from './field.ts';
import { parser } from './generated/parser.ts';

export interface Completion {
  /** What the chosen text replaces. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly CompletionOption[];
  /** The field whose value is being written, so that values which exist can be offered too. */
  readonly valueOf: Field | null;
}

export interface CompletionOption {
  readonly text: string;
  readonly describes: string;
}

const severities = ['critical', 'high', 'medium', 'low', 'informational'];
const moments = ['now-1d', 'now-7d', 'now-30d', 'now-90d'];

/** What can be written at a position of a query that may be unfinished or wrong elsewhere. */
export function completeQuery(text: string, position: number, about: EntityName): Completion {
  const before = text.slice(0, position);
  const { entity, bound } = scopeAt(before, about);
  const value = bound ? null : /(?:^|[\s(])([A-Za-z][\w.]*):(?:[<>]=?|!?=)?([^\s()"<>=]*)$/.exec(before);
  if (value) return valuesAt(fieldAt(value[1] ?? '', entity), value[2] ?? '', position);
  const written = /[^\s()":<>=]*$/.exec(before)?.[0] ?? '';
  if (bound) return valuesAt(bound, written, position);
  const names = entity.fields.map(({ name, describes, of }) => ({ text: of ? `${name}:(` : `${name}:`, describes }));
  const words = [
    { text: 'not ', describes: 'the opposite of what follows' },
    ...(/[^\s(]\s+\S*$/.test(before)
      ? [
          { text: 'and ', describes: 'both sides hold' },
          { text: 'or ', describes: 'one side holds' },
        ]
      : []),
    ...(about === entity.name ? [{ text: 'asOf:', describes: 'a moment of the past, for the whole query' }] : []),
  ];
  return { from: position - written.length, to: position, options: startingWith([...names, ...words], written), valueOf: null };
}

/** Inside which parentheses a text ends: of what is asked there, or whose values stand there. */
function scopeAt(before: string, about: EntityName): { entity: Entity; bound: Field | null } {
  const groups: string[] = [];
  let node: SyntaxNode | null = parser.parse(before).resolveInner(before.length, -1);
  for (; node; node = node.parent) {
    if (node.name !== 'Term') continue;
    const [field, group] = [node.getChild('Field'), node.getChild('Group')];
    const isClosed = group?.lastChild?.name === ')';
    if (field && group && !isClosed) groups.unshift(before.slice(field.from, field.to - 1));
  }
  let entity = entities[about];
  for (const name of groups) {
    const field = fieldAt(name, entity);
    if (!field?.of) return { entity, bound: field };
    entity = entities[field.of];
  }
  return { entity, bound: null };
}

function fieldAt(name: string, entity: Entity): Field | null {
  const [first, second] = name.toLowerCase().split('.');
  const field = entity.fields.find((one) => one.name.toLowerCase() === first) ?? null;
  return second !== undefined && field?.of ? fieldAt(second, entities[field.of]) : field;
}

function valuesAt(field: Field | null, written: string, position: number): Completion {
  const values = field?.choices ?? (field ? (valuesByType[field.type] ?? []) : moments);
  const options = values.map((text) => ({ text, describes: field?.describes ?? 'the moment to look at' }));
  return { from: position - written.length, to: position, options: startingWith(options, written), valueOf: field };
}

const valuesByType: Partial<Record<Field['type'], readonly string[]>> = {
  boolean: ['true', 'false'],
  severity: severities,
  instant: moments,
};

function startingWith(options: readonly CompletionOption[], written: string): CompletionOption[] {
  const lower = written.toLowerCase();
  return options.filter(({ text }) => text.toLowerCase().startsWith(lower));
}
