import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import completion from '@bomb.sh/tab/commander';
import { CommanderError } from 'commander';
import { bashWords } from './output/bash-completion.ts';
import { printableLines } from './output/printable.ts';
import { loadCommands } from './commands/index.ts';
import type { Client, Patience } from './api/connect.ts';
import type { Environment } from './context.ts';
import { CliError, exitCodes } from './errors.ts';
import { makeProgram } from './program.ts';

async function askSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new CliError('AUTH', 'no token: set VEDETTE_TOKEN, since there is no terminal to ask on');
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const line = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return (await line.question('')).trim();
  } finally {
    line.close();
    process.stderr.write('\n');
  }
}

function exitCodeOf(error: unknown): number {
  // commander has said its message itself; it ends --help and --version this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.USAGE;
  process.stderr.write(`vedette: ${printableLines(error instanceof Error ? error.message : String(error))}\n`);
  return error instanceof CliError ? exitCodes[error.code] : exitCodes.FAILURE;
}

// A reader that has seen enough (head, a pager) ends the program, as it does others. What could not be written is told: a full disk.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? (process.exitCode ?? 0) : exitCodeOf(error));
});

/** Set before a command runs: help and the names of groups, which shells ask for at each press of Tab, talk to no platform. */
let connectFrom: (environment: Environment, pause: Patience['pause']) => Client;
const note = (message: string): boolean => process.stderr.write(`${printableLines(message)}\n`);
const stop = new AbortController();

async function pause(seconds: number, { message }: Error): Promise<void> {
  if (seconds > 1) note(`vedette: asks again in ${seconds} s (${message})`);
  await delay(seconds * 1000, undefined, { signal: stop.signal });
}

const surroundings = {
  environment: process.env,
  client: (environment: Environment = process.env) => connectFrom(environment, pause),
  askSecret,
  note,
  input: () => process.stdin.setEncoding('utf8') as AsyncIterable<string>, // text, since an encoding is set
  write: (text: string) =>
    new Promise<void>((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve()))),
  stopped: () => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
    return stop.signal;
  },
  // https://no-color.org: any value that is not empty.
  colour: process.stdout.isTTY && !process.env['NO_COLOR'],
};
try {
  const print = (text: string): boolean => process.stdout.write(text);
  const exit = (code: number): void => {
    process.exitCode = code;
  };
  const commands = await loadCommands(process.argv.slice(2));
  const program = makeProgram(commands, surroundings, print, exit);
  program.hook('preAction', async (_, action) => {
    if (action.name() === 'completion' && action.args[0] === 'bash') print(bashWords);
    if (action.name() !== 'complete') ({ connectFrom } = await import('./context.ts'));
  });
  completion(program, { completionCommandName: 'completion' });
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
