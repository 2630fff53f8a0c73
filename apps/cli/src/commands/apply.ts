import { kinds } from '../apply/kinds.ts';
import { carryOut, describeStep, nameStep, planChanges } from '../apply/plan.ts';
import type { Step } from '../apply/step.ts';
import { CliError } from '../errors.ts';
import { printable } from '../output/printable.ts';
import type { Command, Surroundings } from './command.ts';
import { text } from './list-options.ts';

const names = kinds.map(({ kind }) => kind).join(', ');

export const apply: Command = {
  name: 'apply',
  summary: 'Make the platform hold what files say; prints the plan as a difference, and does nothing twice.',
  options: [
    ['-f, --file <path>', 'YAML or JSON file, a directory of them, or "-" for standard input'],
    ['--dry-run', 'print the plan and change nothing'],
    ['--prune', 'take away what the files do not name, of the kinds that they name'],
  ],
  help: `Documents are "kind", "name" and "spec"; kinds: ${names}. "vedette export" prints what is there in this form.
The whole plan is checked before anything is changed: tags that would depend on themselves, names that nobody knows, what is in use and
shall be taken away, more of something than the platform takes. Where the platform refuses a step all the same, the run ends and says what was done and what was not; a second run
goes on from there.`,
  example: 'vedette apply -f platform/ --dry-run',
  async run(surroundings, _args, options) {
    const path = text(options['file']);
    if (!path) throw new CliError('USAGE', 'say which file: -f FILE, -f DIRECTORY or -f - for standard input');
    // Loaded here, because most starts need no YAML.
    const { readDocuments, readFiles } = await import('../apply/read-documents.ts');
    const files = path === '-' ? [{ name: 'standard input', text: await readInput(surroundings) }] : readFiles(path);
    const wanted = readDocuments(files);
    if (wanted.length === 0) throw new CliError('CONFIG', `${path} holds no document`);
    const client = surroundings.client();
    const { steps, unchanged, warnings } = await planChanges(client, wanted, options['prune'] === true);
    for (const warning of warnings) surroundings.note(warning);
    const isDry = options['dryRun'] === true;
    if (!isDry) for (const [index] of steps.entries()) await carryOutOne(surroundings, steps, index);
    const data = {
      applied: !isDry,
      unchanged,
      warnings,
      items: steps.map(({ action, kind, name, fields }) => ({ action, kind: kind.kind, name, fields })),
    };
    return { data, text: [...steps.map(describeStep).map(printableLines), summary(steps, unchanged, isDry)].join('\n') };
  },
};

async function carryOutOne({ client, note }: Surroundings, steps: readonly Step[], at: number): Promise<void> {
  const step = steps[at];
  if (!step) return;
  try {
    await carryOut(client(), step);
  } catch (error) {
    for (const done of steps.slice(0, at)) note(`done      ${nameStep(done)}`);
    for (const left of steps.slice(at)) note(`not done  ${nameStep(left)}`);
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof CliError ? error.code : 'FAILURE';
    const message = `${step.action} ${step.kind.kind} ${step.name}: ${reason} (what is done stays; run it again once this is mended)`;
    throw new CliError(code, message, { cause: error });
  }
}

function summary(steps: readonly Step[], unchanged: number, isDry: boolean): string {
  const count = (action: Step['action']): number => steps.filter((step) => step.action === action).length;
  const counted = `${count('create')} to create, ${count('change')} to change, ${count('delete')} to delete, ${unchanged} unchanged`;
  return isDry
    ? `${counted}; nothing was changed`
    : counted.replaceAll(' to create', ' created').replace(' to change', ' changed').replace(' to delete', ' deleted');
}

function printableLines(lines: string): string {
  return lines.split('\n').map(printable).join('\n');
}

async function readInput({ input }: Surroundings): Promise<string> {
  let all = '';
  for await (const chunk of input()) {
    all += chunk;
    if (all.length > 4 * 1024 ** 2) throw new CliError('USAGE', 'standard input is larger than 4 MiB');
  }
  return all;
}

export const exportAll: Command = {
  name: 'export',
  summary: 'Print what the platform holds in the form that "vedette apply" takes.',
  options: [['--kind <kind>', `only this: ${names}`]],
  example: 'vedette export > platform.yaml',
  async run({ client }, _args, options) {
    const only = text(options['kind']);
    const chosen = kinds.filter(({ kind }) => only === undefined || kind === only);
    if (chosen.length === 0) throw new CliError('USAGE', `--kind takes ${names}, not "${only}"`);
    const items: { kind: string; name: string; spec: unknown }[] = [];
    for (const kind of chosen) for (const [name, spec] of await kind.list(client())) items.push({ kind: kind.kind, name, spec });
    const { stringify } = await import('yaml');
    return {
      data: { items },
      text: items
        .map((item) => stringify(item, { lineWidth: 0 }))
        .join('---\n')
        .trimEnd(),
    };
  },
};
