import type { z } from 'zod';
import { CliError } from '../errors.ts';

/** Checks an argument before it is sent. Throws CliError USAGE with the name of the argument. */
export function identifier<Type extends z.ZodType>(type: Type, name: string, value: unknown): z.output<Type> {
  const parsed = type.safeParse(value);
  if (!parsed.success) throw new CliError('USAGE', `"${String(value)}" is not a valid ${name}`);
  return parsed.data;
}
