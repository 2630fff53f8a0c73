/** `npm run backup|restore -- FILE`, `npm run rotate-key|forget-secrets`: the platform's own commands, on the data of `npm start`. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const [command, ...args] = process.argv.slice(2);
const help = `Usage: npm run backup -- FILE [--json]    everything the platform knows, while it runs
       npm run restore -- FILE [--json]   into a new, empty data directory or database
       npm run rotate-key                 a new key for the secrets in the database, while the platform runs
       npm run forget-secrets -- --yes    after the key was lost: channels and authenticator programs have to be set up anew

On the data of npm start; VEDETTE_DATA_DIR or DATABASE_URL name others. A backup holds secrets: keep it as you keep the platform.
Exit codes: 0 done, 64 not empty, 65 damaged or of a newer release, 74 cannot be read or written, 78 wrong arguments.
`;

if ((args.length === 0 && command !== 'rotate-key') || args.includes('--help')) {
  process.stdout.write(help);
  process.exitCode = args.length === 0 ? 78 : 0;
} else {
  const run = spawnSync(process.execPath, [join(root, 'apps/server/src/main.ts'), command ?? '', ...args], {
    stdio: 'inherit',
    env: { ...process.env, VEDETTE_DATA_DIR: process.env['VEDETTE_DATA_DIR'] ?? join(root, '.vedette/platform') },
  });
  process.exitCode = run.status ?? 1;
}
