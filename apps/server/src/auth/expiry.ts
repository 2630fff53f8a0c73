const dayMs = 24 * 60 * 60 * 1000;

/** The moment so many days after another; null stays null: never. */
export function daysAfter(from: Date, days: number | null): Date | null {
  return days === null ? null : new Date(from.getTime() + days * dayMs);
}
