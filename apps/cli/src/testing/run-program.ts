import type { Command, Surroundings } from '../commands/command.ts';
import { makeProgram } from '../program.ts';

/** What a command did to the world of its test. */
interface Ran {
  readonly printed: string;
  readonly notes: readonly string[];
  readonly exitCode: number;
}

/**
 * Runs `vedette` with these words. Around it is nothing but what is given: no environment, no input, no platform, nobody to ask. Throws what
 * the command throws.
 */
export async function runProgram(
  commands: readonly Command[],
  words: readonly string[],
  given: Partial<Surroundings> = {},
): Promise<Ran> {
  let printed = '';
  let exitCode = 0;
  const notes: string[] = [];
  const surroundings: Surroundings = {
    environment: {},
    client: () => {
      throw new Error('this test has no platform');
    },
    askSecret: async () => '',
    note: (message) => void notes.push(message),
    input: async function* () {},
    write: async () => {},
    ...given,
  };
  const program = makeProgram(
    commands,
    surroundings,
    (text) => (printed += text),
    (code) => (exitCode = code),
  );
  await program.parseAsync(['node', 'vedette', ...words]);
  return { printed, notes, exitCode };
}
