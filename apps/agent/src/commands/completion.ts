import { commandHelp, optionsOf, type CommandName } from '../command-line.ts';
import { AgentError } from '../errors.ts';
import type { CommandContext, CommandOutput } from './command.ts';

const commands = Object.keys(commandHelp) as CommandName[]; // the keys of that object

/** What a shell needs to complete our commands and options, made from the same table as the help. */
export async function completionCommand({ argument }: CommandContext): Promise<CommandOutput> {
  const shells: Readonly<Record<string, () => string>> = { bash: bashCompletion, zsh, fish };
  const script = argument !== undefined && Object.hasOwn(shells, argument) ? shells[argument]?.() : undefined;
  if (script === undefined) throw new AgentError('USAGE', `completion is for ${Object.keys(shells).join(', ')}`);
  return { json: { shell: argument, script }, text: script };
}

/** The packages bring it, too. */
export function bashCompletion(): string {
  const cases = commands.map((command) => `    ${command}) words='${optionsOf(command).join(' ')}' ;;`);
  return `_vedette_agent() {
  local words
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) words='${commands.join(' ')}' ;;
  esac
  [ "$COMP_CWORD" -gt 1 ] || words='${commands.join(' ')}'
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _vedette_agent vedette-agent`;
}

function zsh(): string {
  return `#compdef vedette-agent
autoload -U +X bashcompinit && bashcompinit
${bashCompletion()}`;
}

function fish(): string {
  const lines = commands.flatMap((command) => [
    `complete -c vedette-agent -n __fish_use_subcommand -f -a ${command} -d "${commandHelp[command].summary.replaceAll(/["$\\]/g, '')}"`,
    ...optionsOf(command).map(
      (option) => `complete -c vedette-agent -n "__fish_seen_subcommand_from ${command}" -l ${option.slice(2)}`,
    ),
  ]);
  return lines.join('\n');
}
