/** Texts or values written once and pointed at by index, in the order of their first use. */
export class Table<Value> {
  readonly values: Value[] = [];
  readonly #indexes = new Map<string, number>();

  /** `key` tells values apart; equal keys share an entry. */
  indexOf(value: Value, key: string = String(value)): number {
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.values.push(value) - 1;
      this.#indexes.set(key, index);
    }
    return index;
  }
}

/** Each number as its difference to the one before, the first to 0. */
export function differences(numbers: readonly number[]): number[] {
  return numbers.map((number, at) => number - (numbers[at - 1] ?? 0));
}

/** The opposite of `differences`. */
export function sums(numbers: readonly number[]): number[] {
  let sum = 0;
  return numbers.map((number) => (sum += number));
}

const dayMs = 86_400_000;

/** Days since 1970-01-01 of `YYYY-MM-DD`. */
export function dayNumber(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / dayMs;
}

/** `YYYY-MM-DD` of days since 1970-01-01. */
export function dayText(number: number): string {
  return new Date(number * dayMs).toISOString().slice(0, 10);
}
