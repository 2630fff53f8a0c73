/** A number in plain decimal digits between 0 and `max`; null for anything else, signs and exponents included. */
export function wholeNumber(text: string, max: number): number | null {
  if (!/^[0-9]{1,16}$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}
