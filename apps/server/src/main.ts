import { runBackupCommand } from './backup/command.ts';
import { helpText, readConfig } from './config.ts';
import { explainStartError } from './start-error.ts';
import { startServer } from './start-server.ts';

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
    if (command !== undefined) await runBackupCommand(process.argv.slice(2), readConfig(), { terminal, signal: stop.signal });
    else await serveUntilStopped();
  } catch (error) {
    if (!stop.signal.aborted) {
      const { message, exitCode } = explainStartError(error);
      process.stderr.write(`${message}\n`);
      process.exitCode = exitCode;
    }
  }
}

async function serveUntilStopped(): Promise<void> {
  await using server = await startServer(readConfig(), stop.signal);
  // The one line on stdout, for whoever started us; everything else is log, on stderr.
  const { url, bootstrap } = server;
  process.stdout.write(`${JSON.stringify({ event: 'ready', url, ...(bootstrap ? { bootstrap } : {}) })}\n`);
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
}
