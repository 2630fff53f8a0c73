/** `npm start`: from a fresh clone to the vulnerabilities of this machine. This part needs nothing installed; start/main.ts does the work. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkoutNode, ensureInstalled, exitCodes, fail, requireUsableMachine, root } from './install.mjs';

const startedAt = Math.round(Date.now() - performance.now());

const help = `Starts Vedette on this machine: platform, console and one agent.

  npm start                         everything, until Ctrl-C
  npm start -- --once --json        scan once, print one JSON object, stop everything

Options (after "npm start --"):
  --once          stop everything after the first findings and exit
  --json          print one JSON object on stdout and nothing else there
  --port N        port of the platform on 127.0.0.1 (default 8420; 0: any free one)
  --data DIR      where everything is kept (default .vedette in the checkout)
  --offline       fetch no feeds: use the knowledge base that is there, or the starter one
  --new-password  set a new password for the administrator and show it
  --reset --yes   delete the data directory first; all findings, users and keys are gone
  --help          this text

Exit codes: 0 ok, 1 failure, 2 wrong usage, 3 (with --once) no advisories are known for this distribution,
69 port in use or already running, 73 the data directory cannot be made, 74 no disk space, 77 no permission.
`;

function readOptions() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        port: { type: 'string', default: '8420' },
        data: { type: 'string', default: join(root, '.vedette') },
        offline: { type: 'boolean', default: false },
        'new-password': { type: 'boolean', default: false },
        reset: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(exitCodes.usage, `${error.message}\nSee npm start -- --help`);
  }
}

const options = readOptions();
if (options.help) {
  process.stdout.write(help);
  process.exit(exitCodes.ok);
}
if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65535)
  fail(exitCodes.usage, `--port takes a number from 0 to 65535, not "${options.port}".`);
if (options.reset && !options.yes)
  fail(exitCodes.usage, `--reset deletes ${resolve(options.data)} with all findings; say --reset --yes if you mean it.`);

requireUsableMachine();
ensureInstalled({ development: false });

const settings = {
  ...options,
  newPassword: options['new-password'],
  port: Number(options.port),
  data: resolve(options.data),
  root,
  startedAt,
};
const work = spawn(checkoutNode(), [join(root, 'tools/start/main.ts'), JSON.stringify(settings)], {
  stdio: 'inherit',
  cwd: root,
});
// A terminal sends Ctrl-C to both; the child ends its children in order, so this one only waits.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => work.kill('SIGTERM'));
process.on('SIGHUP', () => work.kill('SIGTERM'));
work.on('error', (error) =>
  fail(exitCodes.failure, `${checkoutNode()} cannot be started: ${error.message}. Delete node_modules and try again.`),
);
work.on('exit', (code, signal) => process.exit(signal ? exitCodes.failure : (code ?? exitCodes.failure)));
