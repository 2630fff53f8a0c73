import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { ContentKind, contentKinds, Origins, originsMaxBytes, ReleaseVersion, TargetCustom } from '@vedette/protocol';
import { contentTarget, nameOf, type NewTarget, originsTarget, stageTargets, wholeWindowLog } from '@vedette/release';
import { z } from 'zod';
import { identifier } from '../commands/argument.ts';
import type { Command, Outcome } from '../commands/command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { dryRunOption, inRepository, type Options, releaseCommand } from './release-command.ts';

/** What `npm run package -- --targets` leaves beside the files it made. */
const Built = z.object({
  format: z.literal('vedette-built-targets-1'),
  targets: z
    .array(z.object({ file: z.string().regex(/^[\w.+-]{1,200}$/), custom: TargetCustom }))
    .min(1)
    .max(64),
});
const maxContentBytes = 256 * 1024 * 1024;

const add: Command = {
  name: 'release add',
  summary: 'Stage the programs that "npm run package -- --targets" built.',
  args: '<repository> <folder>',
  options: [dryRunOption],
  example: 'vedette release add releases/ .build/targets',
  help: 'Their signatures and the publication follow: release sign, release publish. A version that was released never gets other bytes.',
  async run(_surroundings, [repository, folder = ''], options) {
    const targets = await readBuilt(folder);
    return stage(repository, options, targets);
  },
};

async function readBuilt(folder: string): Promise<NewTarget[]> {
  const file = join(folder, 'targets.json');
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CliError('USAGE', `${file} cannot be read: npm run package -- --targets writes it`, { cause: error });
  }
  const built = Built.safeParse(json);
  if (!built.success) throw new CliError('USAGE', `${file}: ${built.error.issues[0]?.message ?? 'unreadable'}`);
  return built.data.targets.map(({ file: name, custom }) => ({ name: nameOf(custom), file: join(folder, name), custom }));
}

const addContent: Command = {
  name: 'release content',
  summary: 'Stage a file of content: manifests, rules, fingerprints, composition data, knowledge.',
  args: '<repository> <kind> <version> <file>',
  options: [dryRunOption],
  example: 'vedette release content releases/ rules 2026.11.22 rules.json',
  help: `The kind is one of ${contentKinds.slice(1).join(', ')}.`,
  async run(_surroundings, [repository, kind, given, file = ''], options) {
    const content = identifier(ContentKind, 'kind of content', kind);
    const version = identifier(ReleaseVersion, 'version', given);
    if (content === 'platform') throw new CliError('USAGE', 'release origins stages the document of origins');
    const bytes = await readLimited(file, maxContentBytes);
    const params = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_windowLog]: wholeWindowLog };
    const custom = { ...describe(bytes), content, version, encoding: 'zstd' } as const;
    return stageBytes(repository, options, {
      name: contentTarget(content, version),
      bytes: zstdCompressSync(bytes, { params }),
      custom,
    });
  },
};

const addOrigins: Command = {
  name: 'release origins',
  summary: 'Stage the list of origins: which CDN addresses agents of a region ask, in order.',
  args: '<repository> <file>',
  options: [dryRunOption],
  example: 'vedette release origins releases/ origins.json',
  help:
    'A JSON document: {"format": "vedette-origins-1", "defaultRegion": "emea", "regions": [{"name": "emea", "title": "EMEA", "origins":\n' +
    '["https://cdn-eu.example/"]}]}. The platform itself is always asked last and need not be listed.',
  async run(_surroundings, [repository, file = ''], options) {
    const bytes = await readLimited(file, originsMaxBytes);
    let json: unknown;
    try {
      json = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw new CliError('USAGE', `${basename(file)} is not JSON`, { cause: error });
    }
    const origins = Origins.safeParse(json);
    if (!origins.success) {
      const [issue] = origins.error.issues;
      throw new CliError('USAGE', `${basename(file)}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'unreadable'}`);
    }
    const version = new Date()
      .toISOString()
      .replace(/[^0-9]/g, '')
      .slice(0, 14);
    const custom = { ...describe(bytes), content: 'platform', version, encoding: 'identity' } as const;
    return stageBytes(repository, options, { name: originsTarget, bytes, custom });
  },
};

function describe(bytes: Buffer) {
  const unpacked = { sha256: createHash('sha256').update(bytes).digest('hex'), length: bytes.length };
  return { kind: 'content', unpacked, releasedAt: new Date().toISOString() } as const;
}

async function readLimited(file: string, maxBytes: number): Promise<Buffer> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw new CliError('USAGE', `${file} cannot be read`, { cause: error });
  });
  if (size > maxBytes) throw new CliError('USAGE', `${file} is longer than ${maxBytes} bytes`);
  return readFile(file);
}

async function stageBytes(
  repository: string | undefined,
  options: Options,
  { name, bytes, custom }: Pick<NewTarget, 'name' | 'custom'> & { readonly bytes: Uint8Array },
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'vedette-target-'));
  try {
    const file = join(folder, 'target');
    await writeFile(file, bytes);
    return await stage(repository, options, [{ name, file, custom }]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function stage(repository: string | undefined, options: Options, targets: readonly NewTarget[]): Promise<Outcome> {
  return inRepository(repository, { options, targets: 'written' }, async (directory) => {
    const documents = await stageTargets(directory, targets, new Date());
    const staged = targets.map(({ name }) => {
      const entry = documents.map(({ signed }) => signed.targets[name]).find((one) => one !== undefined);
      return { name, bytes: entry?.length ?? 0, sha256: entry?.hashes.sha256 ?? '' };
    });
    return {
      data: { staged },
      text: table(
        ['staged', 'bytes', 'sha-256'],
        staged.map(({ name, bytes, sha256 }) => [name, bytes, sha256]),
      ),
    };
  });
}

export const releaseTargetCommands: readonly Command[] = [add, addContent, addOrigins].map(releaseCommand);
