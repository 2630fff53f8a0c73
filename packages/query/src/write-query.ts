import type { Query, Test } from './query.ts';

/** A query as text, which means the same when it is read again. Moments are written in full. */
export function writeQuery(query: Query): string {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.parts.map((part) => writeInner(part)).join(` ${query.kind} `);
    case 'not':
      return `not ${writeInner(query.part)}`;
    case 'nested':
      return `${query.field.name}:(${writeQuery(query.part)})`;
    case 'test':
      return writeTest(query.field, query.test);
  }
}

/** A value as it stands after a field: in quotation marks where it needs them. */
export function writeValue(value: string): string {
  return /^[\p{L}\p{N}_/+~@-][\p{L}\p{N}_./:+~@-]*$/u.test(value) && !value.includes('..')
    ? value
    : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function writeInner(query: Query): string {
  const isList = query.kind === 'and' || query.kind === 'or';
  return isList || query.kind === 'not' ? `(${writeQuery(query)})` : writeQuery(query);
}

function writeTest({ name, type }: { name: string; type: string }, test: Test): string {
  switch (test.is) {
    case 'present':
      return `${name}:*`;
    case 'equal':
      return `${name}:${type === 'text' ? '=' : ''}${writeValue(String(test.value))}`;
    case 'contains':
      return `${name}:${writeValue(test.text)}`;
    case 'pattern':
      return `${name}:${test.text}`;
    case 'version':
      return `${name}:${test.operator}${writeValue(test.version)}`;
    case 'range':
      return writeRange(name, type, test);
  }
}

/** A moment that can be written with a year of four digits: "now-999999w" cannot. */
function within(moment: number): number {
  return Math.min(Math.max(moment, firstMoment), lastMoment);
}

const firstMoment = Date.parse('0000-01-01T00:00:00.000Z');
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z');

function writeRange(name: string, type: string, { from, isOpen, until, isClosed }: Extract<Test, { is: 'range' }>): string {
  const write = (value: number): string => (type === 'instant' ? new Date(within(value)).toISOString() : String(value));
  if (from === until && isClosed) return `${name}:${write(from)}`;
  if (from === -Infinity) return `${name}:${isClosed ? '<=' : '<'}${write(until)}`;
  if (until === Infinity) return `${name}:${isOpen ? '>' : '>='}${write(from)}`;
  // One value has to lie between both, so that two terms would say something else. A moment is a millisecond long.
  return `${name}:${write(from)}..${write(isClosed ? until : until - 1)}`;
}
