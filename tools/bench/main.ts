import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

/** What a file of this folder exports: its name, and a function that returns figures whose names carry their units. */
interface Benchmark {
  readonly name: string;
  run(options: { runs?: number }): Promise<object>;
}

const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'main' && !name.endsWith('.test'))
  .toSorted();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, runs: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  const [wanted] = positionals;
  if (values.help || wanted === undefined) {
    process.stdout.write(`npm run bench -- NAME [--json] [--runs N]\n\n${names.map((name) => `  ${name}\n`).join('')}`);
    return 0;
  }
  if (!names.includes(wanted)) {
    process.stderr.write(`bench: there is no "${wanted}"; there are ${names.join(', ')}\n`);
    return 2;
  }
  if (values.runs !== undefined && !/^[1-9]\d{0,2}$/.test(values.runs)) {
    process.stderr.write('bench: --runs takes a number from 1 to 999\n');
    return 2;
  }
  const benchmark = (await import(join(import.meta.dirname, `${wanted}.ts`))) as Benchmark; // every file of this folder is one
  const figures = await benchmark.run(values.runs === undefined ? {} : { runs: Number(values.runs) });
  process.stdout.write(values.json ? `${JSON.stringify({ benchmark: benchmark.name, ...figures })}\n` : lines(figures));
  return 0;
}

function lines(figures: object): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name.padEnd(28)}${typeof value === 'number' ? Number(value.toFixed(3)) : JSON.stringify(value)}\n`)
    .join('');
}

process.exitCode = await main();
