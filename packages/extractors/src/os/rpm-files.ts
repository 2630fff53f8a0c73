import { ExtractorError } from '../errors.ts';

/** Tags under which a header lists the files of its package (rpm-tags(7)): directory by number, directories, names. */
const tags = { directoryIndexes: 1116, baseNames: 1117, directoryNames: 1118 } as const;
const entryBytes = 16;
const maxFiles = 1_000_000;

/** Absolute paths of the files that a package of the rpm database brought. Throws ExtractorError DAMAGED. */
export function rpmFiles(header: Uint8Array): string[] {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const entries = header.length < 8 ? 0 : view.getUint32(0);
  const data = 8 + entries * entryBytes;
  if (data > header.length) throw new ExtractorError('DAMAGED', 'an rpm header that is longer than its record');
  const lists = new Map<number, { offset: number; count: number }>();
  for (let at = 8; at < data; at += entryBytes) {
    lists.set(view.getUint32(at), { offset: data + view.getUint32(at + 8), count: view.getUint32(at + 12) });
  }
  const texts = (tag: number): string[] => readTexts(header, lists.get(tag));
  const directories = texts(tags.directoryNames);
  const indexes = lists.get(tags.directoryIndexes);
  return texts(tags.baseNames).map((name, file) => {
    const at = (indexes?.offset ?? header.length) + file * 4;
    const directory = at + 4 <= header.length ? directories[view.getUint32(at)] : undefined;
    return `${directory ?? ''}${name}`;
  });
}

/** Texts that end in a zero byte, one behind the other. */
function readTexts(header: Uint8Array, list: { offset: number; count: number } | undefined): string[] {
  if (!list) return [];
  if (list.count > maxFiles) throw new ExtractorError('DAMAGED', `an rpm header with more than ${maxFiles} files`);
  const decoder = new TextDecoder();
  const texts: string[] = [];
  let start = list.offset;
  for (let number = 0; number < list.count; number += 1) {
    const end = header.indexOf(0, start);
    if (end < 0) throw new ExtractorError('DAMAGED', 'a text of an rpm header has no end');
    texts.push(decoder.decode(header.subarray(start, end)));
    start = end + 1;
  }
  return texts;
}
