import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Types are taken out of some 1,500 sources and all is compiled once, not at every start, which halves what a start costs; what is imported
// statically would be compiled before. As a variable it is heard of by worker threads, too. Where it cannot be written, nothing but time is
// lost.
enableCompileCache((process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../../../.build/code')));
const { helpText, readConfig } = await import('./config.ts');

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

const terminal = {
  out: (text: string): void => void process.stdout.write(text),
  error: (text: string): void => void process.stderr.write(text),
};
const [command] = process.argv.slice(2);
if (process.argv.includes('--help')) {
  process.stdout.write(helpText());
} else {
  try {
    if (command === undefined) await serveUntilStopped();
    else {
      const { isSealingCommand, runSealingCommand } = await import('./sealing/command.ts');
      const run = isSealingCommand(command) ? runSealingCommand : (await import('./backup/command.ts')).runBackupCommand;
      await run(process.argv.slice(2), readConfig(), { terminal, signal: stop.signal });
    }
  } catch (error) {
    if (!stop.signal.aborted) {
      const { explainStartError } = await import('./start-error.ts');
      const { message, exitCode } = explainStartError(error);
      process.stderr.write(`${message}\n`);
      process.exitCode = exitCode;
    }
  }
}

async function serveUntilStopped(): Promise<void> {
  const { startServer } = await import('./start-server.ts');
  await using server = await startServer(readConfig(), stop.signal);
  // The one line on stdout, for whoever started us; everything else is log, on stderr.
  const { url, bootstrap } = server;
  process.stdout.write(`${JSON.stringify({ event: 'ready', url, ...(bootstrap ? { bootstrap } : {}) })}\n`);
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
}
