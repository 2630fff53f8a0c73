/** One line of sshd_config(5) that sets the key asked for. */
export interface SshdSetting {
  readonly value: string;
  /** Criteria of the Match block that it stands in; null outside of any. */
  readonly match: string | null;
  readonly file: string;
}

export interface SshdFiles {
  /** Null for a file that is not there. Throws for one that cannot be read. */
  readonly read: (path: string) => string | null;
  /** Files that a pattern of Include names, sorted. */
  readonly expand: (pattern: string) => readonly string[];
}

/** Files that one configuration may be made of, and how deep they may include each other; sshd itself stops at 16. */
const maxFiles = 64;
const maxDepth = 16;

const aliases: ReadonlyMap<string, string> = new Map([
  ['challengeresponseauthentication', 'kbdinteractiveauthentication'],
  ['skeyauthentication', 'kbdinteractiveauthentication'],
  ['pubkeyacceptedkeytypes', 'pubkeyacceptedalgorithms'],
  ['hostbasedacceptedkeytypes', 'hostbasedacceptedalgorithms'],
]);

/**
 * Every line that sets `key`, in the order in which sshd reads them: outside of Match the first one counts, and each Match block overrides
 * it for those whom it matches. A file that is included inside a block belongs to it, and a block ends with the file it began in.
 */
export function sshdSettings(main: string, key: string, files: SshdFiles): SshdSetting[] {
  const wanted = canonical(key);
  const found: SshdSetting[] = [];
  let read = 0;
  const visit = (file: string, outer: string | null, depth: number): void => {
    read += 1;
    if (read > maxFiles || depth > maxDepth) return;
    let match = outer;
    for (const line of (files.read(file) ?? '').split('\n')) {
      const [keyword, value] = splitLine(line);
      if (keyword === 'match') match = outer === null ? value : `${outer}, ${value}`;
      else if (keyword === 'include')
        for (const each of wordsOf(value).flatMap((pattern) => files.expand(absolute(pattern)))) visit(each, match, depth + 1);
      else if (canonical(keyword) === wanted && value !== '') found.push({ value: normalized(value), match, file });
    }
  };
  visit(main, null, 0);
  return found.filter(({ value }) => value !== '');
}

/** What counts: the first outside of any block, and in each block its first. */
export function effectiveSettings(settings: readonly SshdSetting[]): SshdSetting[] {
  return [...new Map(settings.toReversed().map((setting) => [setting.match, setting])).values()].reverse();
}

function splitLine(raw: string): [keyword: string, value: string] {
  const line = raw.trim();
  const parts = /^([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*)$/.exec(line);
  if (line.startsWith('#') || !parts) return ['', ''];
  const [, keyword = '', rest = ''] = parts;
  const comment = rest.search(/\s#/);
  return [keyword.toLowerCase(), (comment === -1 ? rest : rest.slice(0, comment)).trim()];
}

function canonical(keyword: string): string {
  const lower = keyword.toLowerCase();
  return aliases.get(lower) ?? lower;
}

function wordsOf(value: string): string[] {
  return Array.from(value.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? '').slice(0, 16);
}

/** sshd_config(5): "Files without absolute paths are assumed to be in /etc/ssh." */
function absolute(pattern: string): string {
  return pattern.startsWith('/') ? pattern : `/etc/ssh/${pattern}`;
}

/**
 * Lists of algorithms may be changes of what sshd has by itself: `+a,b` and `^a,b` add, so they are judged by what they add; `-a,b` only takes
 * away, which sets nothing that could be too weak.
 */
function normalized(value: string): string {
  const plain = wordsOf(value).join(' ');
  return plain.startsWith('-') ? '' : plain.replace(/^[+^]/, '');
}
