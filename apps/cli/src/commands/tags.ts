import {
  AssetId,
  Criticality,
  deleteTag,
  Exposure,
  listAssetTags,
  listTags,
  saveTag,
  tagAsset,
  TagName,
} from '@vedette/protocol';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command } from './command.ts';
import { queryText, text, wholeNumber } from './list-options.ts';

const tagsList: Command = {
  name: 'tags list',
  summary: 'List tags, with what they mean and on how many assets they are.',
  example: 'vedette tags list',
  async run({ client }) {
    const data = await client().call(listTags, {});
    const rows = data.items.map((tag) => [
      tag.name,
      tag.assets,
      tag.byHand,
      tag.criticality,
      tag.exposure,
      tag.query ?? (tag.isDefined ? '' : 'not defined'),
    ]);
    return { data, text: table(['tag', 'assets', 'by hand', 'criticality', 'exposure', 'query'], rows) };
  },
};

const tagsSave: Command = {
  name: 'tags save',
  summary: 'Say what a tag means; what it meant before is kept for views of the past.',
  args: '<tag>',
  options: [
    ['--query <query>', 'assets that have it, in the query language: docs/query-language.md'],
    ['--criticality <n>', '1 to 5: what a loss of such an asset would mean'],
    ['--exposure <word>', 'isolated, internal or internet'],
    ['--description <text>', 'for people'],
  ],
  example: `vedette tags save web --query 'hostname:web' --exposure internet --criticality 4`,
  async run({ client }, [name], options) {
    const exposure = Exposure.nullable().safeParse(text(options['exposure']) ?? null);
    if (!exposure.success) throw new CliError('USAGE', `--exposure takes ${Exposure.options.join(', ')}`);
    const criticality = Criticality.nullable().safeParse(wholeNumber('--criticality', options['criticality']) ?? null);
    if (!criticality.success) throw new CliError('USAGE', '--criticality takes 1 to 5');
    const data = await client().call(saveTag, {
      params: { name: tagName(name) },
      body: {
        query: queryText(options['query'], 'asset') ?? null,
        description: text(options['description']) ?? '',
        criticality: criticality.data,
        exposure: exposure.data,
      },
    });
    return { data, text: `The tag ${data.name} is saved.` };
  },
};

const tagsDelete: Command = {
  name: 'tags delete',
  summary: 'Take a tag away from everywhere; refused while something uses it.',
  args: '<tag>',
  example: 'vedette tags delete web',
  async run({ client }, [name]) {
    const data = await client().call(deleteTag, { params: { name: tagName(name) } });
    return { data, text: `The tag ${name} is deleted.` };
  },
};

export const assetsTags: Command = {
  name: 'assets tags',
  summary: 'List the tags that an asset has, by their query or by hand.',
  args: '<asset>',
  example: 'vedette assets tags 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [asset]) {
    const data = await client().call(listAssetTags, { params: { assetId: identifier(AssetId, 'asset', asset) } });
    const rows = data.items.map((one) => [
      one.name,
      [...(one.fits ? [`fits ${one.query}`] : []), ...(one.byHand ? ['by hand'] : [])].join(', '),
      one.criticality,
      one.exposure,
    ]);
    return { data, text: data.items.length > 0 ? table(['tag', 'why', 'criticality', 'exposure'], rows) : 'no tags' };
  },
};

export const assetsTag: Command = {
  name: 'assets tag',
  summary: 'Put tags on an asset by hand, or take them away.',
  args: '<asset>',
  options: [
    ['--add <tags>', 'with commas between them'],
    ['--remove <tags>', 'likewise'],
  ],
  example: 'vedette assets tag 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa --add canary,crown-jewel',
  async run({ client }, [asset], options) {
    const names = (value: string | true | undefined) => (text(value)?.split(',') ?? []).map(tagName);
    const data = await client().call(tagAsset, {
      params: { assetId: identifier(AssetId, 'asset', asset) },
      body: { add: names(options['add']), remove: names(options['remove']) },
    });
    return { data, text: data.tags.join(' ') || 'no tags by hand' };
  },
};

function tagName(name: string | undefined): string {
  const parsed = TagName.safeParse(name);
  if (!parsed.success) throw new CliError('USAGE', `"${name}" is no tag: lower-case letters, digits and : . _ - only`);
  return parsed.data;
}

export const tagCommands: readonly Command[] = [tagsList, tagsSave, tagsDelete];
