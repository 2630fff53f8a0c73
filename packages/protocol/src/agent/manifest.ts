import { z } from 'zod';

/**
 * What the platform wants read beyond the collectors that an agent has anyway: data, never code. It says where something stands and in
 * which form; what becomes of it is for the platform to judge, and what may be read at all for the agent to decide
 * (collectors/posture/allowed.ts). See docs/adr/0015-manifest.md.
 */

/** Form of the content. An agent refuses one that it does not know. */
export const manifestFormat = 1;

/** Ceilings that the platform stays below and the agent holds it to. */
export const manifestLimits = {
  /** The content, as JSON. */
  bytes: 64 * 1024,
  probes: 512,
  /** Paths or names of one probe. */
  places: 16,
  /** A pattern, a path, a key. */
  textChars: 200,
  /** A value as it is sent; a longer one is cut. */
  valueChars: 200,
} as const;

/** Which of the platform's keys signed; a content key of its own will be another name. */
export const manifestKeyId = 'platform';

/** What is signed, so that no other signature of the platform's can be taken for one of a manifest. */
export function manifestSigningText(content: string): string {
  return `vedette-manifest-v1\n${content}`;
}

export const SignedManifest = z.object({
  keyid: z.string().max(64),
  /** A Manifest as JSON, to the byte what was signed. */
  content: z.string().max(manifestLimits.bytes),
  /** Ed25519 over manifestSigningText, base64. */
  signature: z.base64().length(88),
});
export type SignedManifest = z.infer<typeof SignedManifest>;

export const ProbeId = z.string().regex(/^[a-z][a-z0-9.-]{0,63}$/);
const short = z.string().min(1).max(manifestLimits.textChars);
/** Absolute. The last part may hold one `*`, which stands for any characters but a dot at the beginning. */
const Path = short.regex(/^\/[^*]*(?:\*[^*/]*)?$/);
const places = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(manifestLimits.places);

const common = {
  id: ProbeId,
  /** Reads nothing where this path does not exist; the value is then `(not applicable)`. */
  onlyIf: Path.optional(),
};

export const Probe = z.discriminatedUnion('kind', [
  /** Existence, kind, mode and owner: `file 0640 root:shadow`. */
  z.object({ ...common, kind: z.literal('file'), path: Path }),
  /** What in these directories, themselves included, anybody may write to; of a directory without such `none`. */
  z.object({ ...common, kind: z.literal('writable'), directories: places(Path) }),
  /** SHA-256 of the file. */
  z.object({ ...common, kind: z.literal('hash'), path: Path }),
  /** The first line. */
  z.object({ ...common, kind: z.literal('line'), path: Path }),
  /** First group of the first match of a pattern in the syntax of RE2 (the match where there is no group). */
  z.object({ ...common, kind: z.literal('extract'), path: Path, pattern: short }),
  /**
   * Value of a key. `ini`: `key = value`, below `[section]` when one is named; `words`: `key value`; `apt`: apt.conf(5). Where files
   * disagree the one that wins decides.
   */
  z.object({
    ...common,
    kind: z.literal('setting'),
    files: places(Path),
    format: z.enum(['ini', 'words', 'apt']),
    section: short.optional(),
    key: short,
    winner: z.enum(['first', 'last']),
  }),
  /** What sshd_config(5) and the files that it includes set, and every Match block that sets otherwise. */
  z.object({ ...common, kind: z.literal('sshd'), key: short }),
  /** A kernel parameter by its name with dots; a `*` stands for any one part. */
  z.object({ ...common, kind: z.literal('sysctl'), name: short.regex(/^[a-z][a-z0-9_.*-]*$/) }),
  /** Whether a unit of systemd is enabled; the first of several names that is. */
  z.object({ ...common, kind: z.literal('unit'), names: places(short.regex(/^[A-Za-z0-9_.@-]+\.[a-z]+$/)) }),
  /** Distribution and release as its advisories spell it: `debian bookworm`. */
  z.object({ ...common, kind: z.literal('release') }),
]);
export type Probe = z.infer<typeof Probe>;
export type ProbeKind = Probe['kind'];

export const Manifest = z.object({
  format: z.literal(manifestFormat),
  /** Grows with each one published: seconds since 1970, so that it also does after a platform was restored from a backup. */
  version: z.int().min(1),
  /** Only these collectors run, and the one of the probes; all where it is absent. */
  collectors: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/))
    .max(128)
    .optional(),
  probes: z.array(Probe).max(manifestLimits.probes),
});
export type Manifest = z.infer<typeof Manifest>;
