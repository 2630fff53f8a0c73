import { helpText, parseCommandLine, type CommandName } from './command-line.ts';
import { agentVersion, readConfig, type Environment } from './config.ts';
import { AgentError, describeError, exitCodes, isDenied } from './errors.ts';
import { createLog } from './log.ts';
import type { Command } from './commands/command.ts';
import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { enrollCommand } from './commands/enroll.ts';
import { journalCommand } from './commands/journal.ts';
import { runCommand } from './commands/run.ts';
import { scanCommand } from './commands/scan.ts';
import { selfTestCommand } from './commands/self-test.ts';
import { showCollectedCommand } from './commands/show-collected.ts';
import { statusCommand } from './commands/status.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

const commands: Record<CommandName, Command> = {
  enroll: enrollCommand,
  run: runCommand,
  scan: scanCommand,
  status: statusCommand,
  journal: journalCommand,
  doctor: doctorCommand,
  check: checkCommand,
  completion: completionCommand,
  'show-collected': showCollectedCommand,
  config: configCommand,
  // Loaded when it is asked for: checking signatures takes memory that the running agent does without.
  'fetch-release': async (context) => (await import('./commands/fetch-release.ts')).fetchReleaseCommand(context),
  'self-test': selfTestCommand,
  version: async () => ({ json: { version: agentVersion }, text: agentVersion }),
};

/** Runs one command and returns the exit code. Never throws: every failure ends as one line on stderr. */
export async function runCommandLine(
  args: readonly string[],
  environment: Environment,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<number> {
  try {
    const { command, options, argument } = parseCommandLine(args);
    if (command === null || options['help']) {
      terminal.out(helpText(command));
      return 0;
    }
    const config = readConfig(options, environment);
    const log = createLog(config.logLevel, terminal.error);
    const output = await commands[command]({ config, log, argument, wait: options['wait'] === true, signal });
    if (output) terminal.out(options['json'] ? `${JSON.stringify(output.json)}\n` : `${output.text}\n`);
    return output?.exitCode ?? 0;
  } catch (error) {
    const remedy = isDenied(error) ? '; run it as the user that the agent runs as (root)' : '';
    terminal.error(`vedette-agent: ${describeError(error)}${remedy}\n`);
    return error instanceof AgentError ? exitCodes[error.code] : 1;
  }
}
