import { processEnvironment } from './config.ts';
import { runCommandLine } from './run-command-line.ts';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
const terminal = {
  out: (text: string): void => void process.stdout.write(text),
  error: (text: string): void => void process.stderr.write(text),
};
process.exitCode = await runCommandLine(process.argv.slice(2), processEnvironment(), { terminal, signal: stop.signal });
