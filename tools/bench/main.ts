import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

/** What a file of this folder exports: its name, and a function that returns figures whose names carry their units. */
interface Benchmark {
  readonly name: string;
  /** Further whole numbers that it takes, each as `--NAME N`, with the text of --help. */
  readonly options?: Readonly<Record<string, string>>;
  run(options: Readonly<Record<string, number>>): Promise<object>;
}

const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'main' && !name.endsWith('.test'))
  .toSorted();

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.find((arg) => names.includes(arg)); // an option's value is a number, so this is the name
  if (wanted === undefined) {
    const first = args.find((arg) => !arg.startsWith('-'));
    const help = `npm run bench -- NAME [--json] [--runs N]   NAME --help says more\n\n${names.map((name) => `  ${name}\n`).join('')}`;
    if (first === undefined) process.stdout.write(help);
    else process.stderr.write(`bench: there is no "${first}"; there are ${names.join(', ')}\n`);
    return first === undefined ? 0 : 2;
  }
  const benchmark = (await import(join(import.meta.dirname, `${wanted}.ts`))) as Benchmark; // every file of this folder is one
  const numbers = { runs: 'how often, where it runs more than once', ...benchmark.options };
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== wanted),
      options: {
        ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' } as const])),
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values['help'] === true) {
      process.stdout.write(`npm run bench -- ${wanted} [--json]\n\n${helpLines(numbers)}`);
      return 0;
    }
    const options = Object.fromEntries(
      Object.entries(values).flatMap(([name, text]) => (typeof text === 'string' ? [[name, wholeNumber(name, text)]] : [])),
    );
    const figures = await benchmark.run(options);
    process.stdout.write(
      values['json'] === true ? `${JSON.stringify({ benchmark: benchmark.name, ...figures })}\n` : lines(figures),
    );
    return 0;
  } catch (error) {
    if (!isWrongUse(error)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return 2;
  }
}

class WrongUse extends Error {}

function isWrongUse(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return error instanceof WrongUse || code.startsWith('ERR_PARSE_ARGS');
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new WrongUse(`--${name} takes a whole number, not ${text}`);
  // Figures for each asset of none, or of no run, are none.
  if (['assets', 'runs'].includes(name) && Number(text) === 0) throw new WrongUse(`--${name} begins at 1`);
  return Number(text);
}

function helpLines(numbers: Readonly<Record<string, string>>): string {
  return Object.entries(numbers)
    .map(([name, text]) => `  ${`--${name} N`.padEnd(20)}${text}\n`)
    .join('');
}

function lines(figures: object): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name.padEnd(28)}${typeof value === 'number' ? Number(value.toFixed(3)) : JSON.stringify(value)}\n`)
    .join('');
}

process.exitCode = await main(process.argv.slice(2));
