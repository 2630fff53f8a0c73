import { Command as CommanderCommand, Option } from 'commander';
import type { Command, Surroundings } from './commands/command.ts';
import type { NamedGroup } from './commands/index.ts';
import { CliError } from './errors.ts';
import { listStream } from './output/list-stream.ts';
import { outputFormat, outputFormats, render } from './output/render.ts';

export const programVersion = '0.1.0';

const exitCodeHelp =
  '\nExit codes: 0 ok, 1 failure, 2 wrong usage, 3 not found, 4 not logged in or not allowed, 5 a key or signature is missing, 10 more or worse findings than allowed, 78 bad configuration.';

/** The command line as a commander program; `print` gets what belongs on stdout. Of a group without its commands the help tells the name. */
export function makeProgram(
  commands: readonly (Command | NamedGroup)[],
  surroundings: Surroundings,
  print: (text: string) => void,
  exit: (code: number) => void = () => {},
): CommanderCommand {
  const program = new CommanderCommand('vedette')
    .description('Command line of the Vedette platform.')
    .version(programVersion)
    .exitOverride()
    .addHelpText(
      'after',
      `\nVEDETTE_URL and VEDETTE_TOKEN replace what "vedette login" keeps, VEDETTE_CONTEXT names one of several, VEDETTE_OUTPUT is the default of --output.${exitCodeHelp}`,
    );
  const nouns = new Map<string, CommanderCommand>();
  for (const command of commands) {
    if (!('run' in command)) {
      nounOf(program, nouns, command.name).description(command.summary);
      continue;
    }
    const nounWords = command.name.split(' ');
    const word = nounWords.pop() ?? '';
    const parent = nounWords.reduce((above, noun) => nounOf(above, nouns, noun), program);
    // A command may also be the noun of others: `relay`, `relay nginx-config`.
    nouns.set(`${parent.name()} ${word}`, addCommand(parent, word, command, { surroundings, print, exit }));
  }
  return program;
}

function nounOf(parent: CommanderCommand, nouns: Map<string, CommanderCommand>, noun: string): CommanderCommand {
  const path = `${parent.name()} ${noun}`;
  const known = nouns.get(path);
  if (known) return known;
  const made = parent
    .command(noun)
    .description(`Work with ${noun.replace('-', ' ')}.`)
    .exitOverride();
  nouns.set(path, made);
  return made;
}

interface Effects {
  readonly surroundings: Surroundings;
  readonly print: (text: string) => void;
  readonly exit: (code: number) => void;
}

function addCommand(parent: CommanderCommand, word: string, command: Command, effects: Effects): CommanderCommand {
  const made = parent
    .command(command.args ? `${word} ${command.args}` : word)
    .description(command.summary)
    .option('--json', 'print the whole reply as JSON; the same as --output json')
    .addHelpText('after', `${command.help ? `\n${command.help}\n` : ''}\nExample:\n  ${command.example}${exitCodeHelp}`)
    // Options behind the name of a further command are that command's.
    .enablePositionalOptions()
    .exitOverride();
  for (const [flags, describes] of command.options ?? []) made.option(flags, describes);
  // Where a command writes a file it says so with this word, and has formats of its own.
  const hasFormats = !made.options.some((option) => option.long === '--output');
  if (hasFormats)
    made.addOption(new Option('-o, --output <format>', 'table (default), json, jsonl, yaml or csv').choices(outputFormats));
  made.option('--context <name>', 'the platform, of those that "vedette contexts list" shows');
  made.action(async () => {
    const options = made.opts<Record<string, string | true | undefined>>();
    refuseNoNumbers(made, options);
    const surroundings = inContext(effects.surroundings, options['context']);
    const format = outputFormat(
      hasFormats ? options : { json: options['json'] },
      hasFormats ? surroundings.environment['VEDETTE_OUTPUT'] : undefined,
    );
    const list = listStream(format, surroundings.write);
    const outcome = await command.run({ ...surroundings, list }, made.args, options);
    if (outcome && outcome.text !== '' && !list?.hasBegun) effects.print(await render(outcome, format));
    if (outcome?.exitCode) effects.exit(outcome.exitCode);
  });
  return made;
}

/** Of every option that takes a number, before anything is asked or read. What numbers it takes is for its command to say. */
function refuseNoNumbers(command: CommanderCommand, options: Readonly<Record<string, string | true | undefined>>): void {
  for (const option of command.options.filter(({ flags }) => flags.endsWith(' <n>'))) {
    const value = options[option.attributeName()];
    if (typeof value === 'string' && !/^\d{1,10}(?:\.\d{1,3})?$/.test(value))
      throw new CliError('USAGE', `${option.long ?? option.flags} takes a number, not "${value}"`);
  }
}

/** The same with another platform than the one that is kept as the current one. */
function inContext(surroundings: Surroundings, name: string | true | undefined): Surroundings {
  if (typeof name !== 'string') return surroundings;
  const { VEDETTE_URL: _, ...rest } = surroundings.environment;
  const environment = { ...rest, VEDETTE_CONTEXT: name };
  return { ...surroundings, environment, client: () => surroundings.client(environment) };
}
