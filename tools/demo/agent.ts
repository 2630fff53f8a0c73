/** `npm run demo:agent`: the agent's real package in a private copy of this machine, and what the console sees of it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createActivationKey, getAsset, getDashboard, listAssets, listDetections, listFacts } from '@vedette/protocol';
import { eventually, PlatformProcess, type PrivateCopy, privateCopy, privateCopyRefusal } from '@vedette/testkit';

const repository = resolve(import.meta.dirname, '../..');
const help = `Shows the agent as a product: builds its package, installs it by the console's own line in a private copy of this machine,
changes things there, and prints what the platform sees, and after how long. This machine stays as it is.

Usage: npm run demo:agent [-- --systemd]

  --systemd   systemd as the first process of the copy, which then keeps the agent running
  --help      this text

Needs root (overlayfs and namespaces) and a Debian machine. Exit code 0: all was seen; 1: something was not.
`;
const patienceMs = 60_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { systemd: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const refusal = await privateCopyRefusal({ systemd: values.systemd });
  if (refusal !== null) {
    process.stderr.write(`demo: no private copy of this machine can be made: ${refusal}\n`);
    return 1;
  }
  await using stack = new AsyncDisposableStack();
  const packages = mkdtempSync(join(tmpdir(), 'vedette-demo-'));
  stack.defer(() => rmSync(packages, { recursive: true }));
  step('building the .deb');
  execFileSync(process.execPath, [join(repository, 'tools/package/main.ts'), '--fast', '--formats', 'deb', '--out', packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  step('starting a platform and a private copy of this machine');
  const starter = join(repository, 'content/knowledge/starter.json.zst');
  const platform = stack.use(await PlatformProcess.start({ VEDETTE_PACKAGES_DIR: packages, VEDETTE_STARTER_FILE: starter }));
  const copy = stack.use(await privateCopy({ systemd: values.systemd }));
  if (!values.systemd) await copy.run('rm', ['-f', '/usr/sbin/policy-rc.d']);
  await show(platform, copy);
  return 0;
}

async function show(platform: PlatformProcess, copy: PrivateCopy): Promise<void> {
  const { client } = platform;
  const key = await client.call(createActivationKey, { body: { name: 'demo', maxUses: 1 } });
  const line = `curl -fsSL ${platform.url}/install.sh | VEDETTE_ACTIVATION_KEY=${key.secret} sh`;
  step(`in the copy: ${line.replace(key.secret, '…')}`);
  process.stdout.write(indented(await copy.run('sh', ['-c', line])));
  const assetId = await seen('the first inventory', async () => {
    const [asset] = (await client.call(listAssets, { query: {} })).items;
    return asset && asset.packages > 0 ? asset.assetId : null;
  });
  const { asset } = await client.call(getAsset, { params: { assetId } });
  const { open } = await openDetections(platform);
  said(`${asset.hostname}: ${asset.os}, ${asset.packages} packages, ${open} open detections`);

  step('in the copy: useradd demo-user');
  await copy.run('useradd', ['demo-user']);
  await seen('the new user', async () => {
    const { items } = await client.call(listFacts, { params: { assetId, collector: 'user' }, query: { limit: 500 } });
    return items.some((row) => row['name'] === 'demo-user') ? true : null;
  });

  step('in the copy: dpkg --remove of a package');
  const victim = (await copy.run('sh', ['-c', removable])).trim();
  await copy.run('dpkg', ['--remove', victim]);
  await seen(`${victim} is gone`, async () => {
    const now = await client.call(getAsset, { params: { assetId } });
    return now.asset.packages < asset.packages ? true : null;
  });

  step('in the copy: the agent is killed');
  await copy.run('pkill', ['-9', '-f', '^/usr/lib/vedette-agent/node']);
  const status = await seen('nothing but a short break', async () => {
    const text = await copy.run('vedette-agent', ['status']);
    return text.includes('not running') ? null : text;
  });
  process.stdout.write(indented(status));

  step('what the dashboard says');
  const dashboard = await client.call(getDashboard, {});
  said(
    `open: ${Object.entries(dashboard.open)
      .map(([severity, count]) => `${count} ${severity}`)
      .join(', ')}`,
  );
  step('in the copy: apt-get purge vedette-agent');
  await copy.run('dpkg', ['--purge', 'vedette-agent']);
  said('the asset stays on the platform, as last seen; nothing of the agent is left on the machine');
}

/** The last installed package that nothing depends on: taking it away breaks nothing. */
const removable = `dpkg-query -W -f '\${Essential} \${Priority} \${Package}\\n' | awk '$1 == "no" && $2 == "optional" {print $3}' |
  sort -r | while read -r name; do
    dpkg --simulate --remove "$name" >/dev/null 2>&1 && [ "$name" != vedette-agent ] && echo "$name" && break
  done`;

async function openDetections({ client }: PlatformProcess): Promise<{ open: number }> {
  const { total } = await client.call(listDetections, { query: { status: 'open', limit: 1 } });
  return { open: total };
}

async function seen<Answer>(what: string, ask: () => Promise<Answer | null>): Promise<Answer> {
  const startedAt = performance.now();
  const answer = await eventually(what, patienceMs, ask);
  said(`the platform sees ${what} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return answer;
}

function step(text: string): void {
  process.stdout.write(`\n» ${text}\n`);
}

function said(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

function indented(text: string): string {
  return `${text.trim().replaceAll(/^/gm, '  | ')}\n`;
}

process.exitCode = await main();
