import type { Client } from '../api/connect.ts';
import type { Environment } from '../context.ts';
import type { ListStream } from '../output/list-stream.ts';

/** What a command may touch: handed in, so that tests need no process. */
export interface Surroundings {
  readonly environment: Environment;
  /** Of the platform that the environment names; of another environment, where one is given. */
  readonly client: (environment?: Environment) => Client;
  /** Reads one line without echo. */
  readonly askSecret: (question: string) => Promise<string>;
  readonly note: (message: string) => void;
  /** Standard input as text, chunk by chunk. */
  readonly input: () => AsyncIterable<string>;
  /** Puts text on standard output as it is and waits until it is taken: for commands that answer while they read. */
  readonly write: (text: string) => Promise<void>;
  /** Where a list goes that is read page by page; null or undefined: where it is printed as a whole. */
  readonly list?: ListStream | null;
  /** Ends when the program is told to stop; for commands that serve until then. */
  readonly stopped?: () => AbortSignal;
  /** Whether standard output is a terminal that shows colours. */
  readonly colour?: boolean;
}

/** The same result twice: `data` for --json, `text` for people. */
export interface Outcome {
  readonly data: unknown;
  readonly text: string;
  /** 0 when left out. */
  readonly exitCode?: number;
}

export interface Command {
  /** "noun verb", "noun noun verb", or one word. */
  readonly name: string;
  readonly summary: string;
  /** Positional arguments as commander writes them: `<required>`, `[optional]`. */
  readonly args?: string;
  /** Flag as commander writes it, and what it does. */
  readonly options?: readonly (readonly [flags: string, describes: string])[];
  readonly example: string;
  /** More than one line of help, shown before the example. */
  readonly help?: string;
  /** null: everything was written already. */
  run(
    surroundings: Surroundings,
    args: readonly string[],
    options: Readonly<Record<string, string | true | undefined>>,
  ): Promise<Outcome | null>;
}
