import { FeedError } from '../errors.ts';
import type { Ask } from '../feed.ts';
import { feedText } from '../shared/feed-text.ts';
import { childOf, xmlElements } from '../shared/feed-xml.ts';

const MiB = 1024 * 1024;
const entries: ReadonlySet<string> = new Set(['data']);

/**
 * The address of updateinfo.xml.gz in a repository: a list of mirrors names the repository, its repodata/repomd.xml the file (repomd
 * format of createrepo). Both lead nowhere but to the host that was asked. Throws FeedError.
 */
export async function locateUpdateinfo(mirrors: string, ask: Ask): Promise<string> {
  const list = await ask(mirrors);
  const host = mirrors.split('/', 3).join('/');
  const base = feedText(list, MiB)
    .split(/\s+/)
    .map((line) => line.replace(/\/$/, ''))
    .find((line) => isAt(host, line));
  if (base === undefined) throw new FeedError('SCHEMA', `${list.name} names no repository of ${host}.`);
  const index = await ask(`${base}/repodata/repomd.xml`);
  for (const data of xmlElements(index, { maxBytes: 4 * MiB, root: 'repomd', names: entries })) {
    const place = childOf(data, 'location')?.attributes.get('href') ?? '';
    if (data.attributes.get('type') === 'updateinfo' && /^repodata\/[\w.-]{1,200}\.xml\.gz$/.test(place))
      return `${base}/${place}`;
  }
  throw new FeedError('SCHEMA', `${index.name} of ${base} names no updateinfo.xml.gz.`);
}

function isAt(origin: string, address: string): boolean {
  return (
    address.startsWith(`${origin}/`) && /^https?:\/\/[\w.-]+(?::\d+)?(?:\/[\w.-]+)+$/.test(address) && !address.includes('..')
  );
}
