import { QueryError } from './errors.ts';
import type { Field } from './field.ts';
import { parseStretch } from './moment.ts';
import type { Query, Test } from './query.ts';
import type { Operator, WrittenValue } from './syntax.ts';

const severityNames = ['informational', 'low', 'medium', 'high', 'critical'];
/** Of more digits JavaScript would make another number, or write it in another way. */
const number = /^-?\d{1,15}(?:\.\d{1,6})?$/;
const range = /^(.+?)\.\.(.+)$/;

/** Operator and value as written, as a test of the field; `!=` as the opposite of one. */
export function parseTest(field: Field, operator: Operator, value: WrittenValue, now: number): Query {
  if (operator === '!=') return { kind: 'not', part: parseTest(field, '=', value, now) };
  const test = (one: Test): Query => ({ kind: 'test', field, test: one });
  if (value.text === '*' && !value.isQuoted && operator === ':' && field.type !== 'nested') return test({ is: 'present' });
  switch (field.type) {
    case 'number':
      return test(parseRange(field, operator, value, (text) => pointOf(number.test(text) ? Number(text) : null)));
    case 'severity':
      return test(parseRange(field, operator, value, (text) => pointOf(parseSeverity(text))));
    case 'instant':
      return test(parseRange(field, operator, value, (text) => parseStretch(text, now)));
    case 'version':
      return parseVersion(field, operator, value);
    case 'boolean':
      return test({ is: 'equal', value: parseBoolean(field, operator, value) });
    case 'choice':
      return test({ is: 'equal', value: parseChoice(field, operator, value) });
    case 'keyword':
    case 'text':
      return test(parseText(field, operator, value));
    case 'nested':
      throw new QueryError('bad-value', `${field.name} takes a query in parentheses, such as ${field.example}`, value);
  }
}

/** Whole numbers and days alike: a value stands for all from `from` up to `until`. */
interface Extent {
  readonly from: number;
  readonly until: number;
  readonly isPoint?: boolean;
}

function pointOf(value: number | null): Extent | null {
  return value === null ? null : { from: value, until: value, isPoint: true };
}

type ParseExtent = (text: string) => Extent | null;

function parseRange(field: Field, operator: Operator, value: WrittenValue, parse: ParseExtent): Test {
  const understood = (text: string): Extent => {
    const extent = parse(text.replace(/^now/i, 'now'));
    if (extent) return extent;
    throw new QueryError('bad-value', `${field.name} takes ${kinds[field.type] ?? 'a number'}, not "${text}"`, value);
  };
  const [, first, last] = (operator === ':' && range.exec(value.text)) || [];
  if (first === undefined || last === undefined) return rangeFor(operator, understood(value.text));
  const { from } = understood(first);
  const { until, isPoint = false } = understood(last);
  if (from > until) throw new QueryError('bad-value', `nothing lies between: ${first} is behind ${last}`, value);
  return { is: 'range', from, isOpen: false, until, isClosed: isPoint };
}

function rangeFor(operator: Operator, { from, until, isPoint = false }: Extent): Test {
  switch (operator) {
    case '<':
      return { is: 'range', from: -Infinity, isOpen: false, until: from, isClosed: false };
    case '<=':
      return { is: 'range', from: -Infinity, isOpen: false, until, isClosed: isPoint };
    case '>=':
      return { is: 'range', from, isOpen: false, until: Infinity, isClosed: true };
    case '>':
      // After a day is from the next one on.
      return { is: 'range', from: until, isOpen: isPoint, until: Infinity, isClosed: true };
    case ':':
    case '=':
    case '!=':
      return { is: 'range', from, isOpen: false, until, isClosed: isPoint };
  }
}

const kinds: Partial<Record<Field['type'], string>> = {
  severity: 'a severity, 1 to 5 or informational, low, medium, high, critical',
  instant: 'a time such as 2026-11-22, 2026-11, now-7d or 2026-11-22T10:00Z',
};

function parseSeverity(text: string): number | null {
  if (/^[1-5]$/.test(text)) return Number(text);
  const named = severityNames.indexOf(text.toLowerCase());
  return named === -1 ? null : named + 1;
}

function parseBoolean(field: Field, operator: Operator, value: WrittenValue): boolean {
  refuseOrder(field, operator, value);
  const text = value.text.toLowerCase();
  if (text === 'true' || text === 'yes') return true;
  if (text === 'false' || text === 'no') return false;
  throw new QueryError('bad-value', `${field.name} is true or false, not "${value.text}"`, value);
}

function parseChoice(field: Field, operator: Operator, value: WrittenValue): string {
  refuseOrder(field, operator, value);
  const text = value.text.toLowerCase();
  if (field.choices?.includes(text)) return text;
  throw new QueryError('bad-value', `${field.name} is one of ${field.choices?.join(', ')}, not "${value.text}"`, value);
}

function parseText(field: Field, operator: Operator, value: WrittenValue): Test {
  refuseOrder(field, operator, value);
  const text = value.text.toLowerCase();
  if (!value.isQuoted && /[*?]/.test(text)) return { is: 'pattern', text };
  return field.type === 'text' && operator === ':' ? { is: 'contains', text } : { is: 'equal', value: text };
}

function parseVersion(field: Field, operator: Operator, value: WrittenValue): Query {
  const test = (one: Test): Query => ({ kind: 'test', field, test: one });
  if (operator === ':' && !value.isQuoted) {
    if (/[*?]/.test(value.text)) return test({ is: 'pattern', text: value.text.toLowerCase() });
    const [, first, last] = range.exec(value.text) ?? [];
    if (first !== undefined && last !== undefined) {
      const bounds = [
        test({ is: 'version', operator: '>=', version: first }),
        test({ is: 'version', operator: '<=', version: last }),
      ];
      return { kind: 'and', parts: bounds };
    }
  }
  return test({ is: 'version', operator: operator === ':' || operator === '!=' ? '=' : operator, version: value.text });
}

function refuseOrder({ name }: Field, operator: Operator, value: WrittenValue): void {
  if (operator === ':' || operator === '=') return;
  throw new QueryError('bad-operator', `${name} has no order: ${operator} does not apply, write ${name}:${value.text}`, value);
}
