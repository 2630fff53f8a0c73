/** `npm run check` on a fresh clone too: installs what it needs, then runs check.ts. Plain JavaScript: it runs before anything is installed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkoutNode, ensureInstalled, requireUsableMachine, root } from './install.mjs';

requireUsableMachine();
ensureInstalled({ development: true });
const { status } = spawnSync(checkoutNode(), [join(root, 'tools/check.ts')], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exitCode = status ?? 1;
