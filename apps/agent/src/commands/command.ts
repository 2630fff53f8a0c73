import type { AgentConfig } from '../config.ts';
import type { Log } from '../log.ts';

export interface CommandContext {
  readonly config: AgentConfig;
  readonly log: Log;
  readonly argument: string | undefined;
  readonly wait: boolean;
  /** Aborted by SIGTERM and SIGINT. */
  readonly signal: AbortSignal;
}

/** What a command has to say: for programs and for people. Null when it has said everything already. */
export interface CommandOutput {
  readonly json: unknown;
  readonly text: string;
  /** 0 when absent. */
  readonly exitCode?: number;
}

export type Command = (context: CommandContext) => Promise<CommandOutput | null>;
