import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type FetchMetadata,
  TargetCheck,
  TrustedMetadata,
  type TrustedTarget,
  writeAtomically,
} from '../packages/release/src/index.ts';

const usage = `Usage:
  tuf-client --metadata-dir DIR init ROOT
  tuf-client --metadata-dir DIR --metadata-url URL refresh
  tuf-client --metadata-dir DIR --metadata-url URL --target-name NAME --target-base-url URL --target-dir DIR download

A client of The Update Framework around packages/release. Exit codes: 0 done, 1 refused or failed.`;

const settings = {
  'metadata-dir': { type: 'string' },
  'metadata-url': { type: 'string' },
  'target-name': { type: 'string' },
  'target-base-url': { type: 'string' },
  'target-dir': { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Longest silence of a server, and longest time of one file of metadata, in milliseconds. */
const stallMs = 10_000;
const metadataMs = 60_000;

async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], options: settings, allowPositionals: true });
  if (values.help === true) return void process.stdout.write(`${usage}\n`);
  const need = (name: Exclude<keyof typeof settings, 'help'>): string => {
    const value = values[name];
    if (value === undefined) throw new Error(`--${name} is missing\n${usage}`);
    return value;
  };
  const [command, root] = positionals;
  if (command === 'init' && root !== undefined) {
    await writeAtomically(join(need('metadata-dir'), 'root.json'), await readFile(root));
    return;
  }
  if (command !== 'refresh' && command !== 'download') throw new Error(usage);
  await using trusted = await TrustedMetadata.open(need('metadata-dir'), metadataFrom(need('metadata-url')));
  await trusted.refresh();
  if (command === 'refresh') return;
  const target = await trusted.find(need('target-name'));
  if (target === null) throw new Error(`no signed metadata names ${need('target-name')}`);
  await download(target, { directory: need('target-dir'), base: need('target-base-url') });
}

/** Metadata below an address. */
function metadataFrom(base: string): FetchMetadata {
  return async (path, maxBytes) => {
    const response = await fetch(`${base.replace(/\/$/, '')}/${path}`, {
      redirect: 'error',
      signal: AbortSignal.timeout(metadataMs),
    });
    if (response.status === 404 || response.status === 403) return null;
    if (!response.ok || !response.body) throw new Error(`${path}: status ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > maxBytes) throw new Error(`${path} is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };
}

/** Keeps a target under a name without separators; one that is there and right is not fetched again. */
async function download(target: TrustedTarget, to: { directory: string; base: string }): Promise<void> {
  // encodeURIComponent leaves dots, and "." and ".." are no file names.
  const name = encodeURIComponent(target.name).replace(/^\./, '%2E');
  // A name of a target may be longer than a file's.
  const file = join(to.directory, name.length <= 200 ? name : createHash('sha256').update(name).digest('hex'));
  if (await isRight(file, target)) return;
  const path = target.path.split('/').map(encodeURIComponent).join('/');
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), stallMs);
  const response = await fetch(`${to.base.replace(/\/$/, '')}/${path}`, { redirect: 'error', signal: abort.signal });
  if (!response.ok || !response.body) throw new Error(`${target.name}: status ${response.status}`);
  await mkdir(to.directory, { recursive: true });
  const beside = `${file}.new`;
  try {
    {
      const check = new TargetCheck(target);
      await using handle = await open(beside, 'w');
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), stallMs);
        check.update(chunk);
        await handle.write(chunk);
      }
      check.finish();
      await handle.sync();
    }
    await rename(beside, file);
  } finally {
    clearTimeout(timer);
    await rm(beside, { force: true });
  }
}

async function isRight(file: string, target: TrustedTarget): Promise<boolean> {
  try {
    const check = new TargetCheck(target);
    check.update(await readFile(file));
    check.finish();
    return true;
  } catch {
    return false; // absent or another one: it is fetched
  }
}

/** Runs the tool; `complain` gets the reason of a failure. Returns the exit code. */
export async function tufClient(args: readonly string[], complain: (text: string) => void): Promise<number> {
  try {
    await run(args);
    return 0;
  } catch (error) {
    complain(`tuf-client: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await tufClient(process.argv.slice(2), (text) => process.stderr.write(text));
