import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDenied } from '../errors.ts';

/** One request to the platform, as it left this machine; or, with the path `received`, a manifest that came, with its signature. */
export interface JournalEntry {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly path: string;
  /** What the body was about; see subjectsOf. */
  readonly subjects: readonly string[];
  /** Of the compressed body. */
  readonly bytes: number;
  /** SHA-256 of the compressed body, hexadecimal. */
  readonly digest: string;
  /** HTTP status; null when there was no answer. */
  readonly status: number | null;
  /** The platform's signature over its answer, which names our request: proof of what it said. Null for what it did not sign. */
  readonly receipt: string | null;
}

const fileName = 'journal.jsonl';
/** Of one file; there are two at most: about two weeks of an agent that has only check-ins to send. */
const maxFileBytes = 8 * 1024 * 1024;

/** Notes what was sent, in two files that take turns. Keeps quiet on a full disk: sending matters more than its record. */
export function appendJournal(stateDirectory: string, entry: JournalEntry): void {
  const file = join(stateDirectory, fileName);
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= maxFileBytes) renameSync(file, `${file}.1`);
    appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  } catch {
    // The spool tells of a disk that takes nothing.
  }
}

/** Oldest first; lines that a crash cut off are left out. Throws Node's error where the files belong to somebody else. */
export function readJournal(stateDirectory: string): JournalEntry[] {
  const file = join(stateDirectory, fileName);
  return [...linesOf(`${file}.1`), ...linesOf(file)].flatMap((line) => {
    try {
      return [JSON.parse(line) as JournalEntry]; // our own file, only shown
    } catch {
      return [];
    }
  });
}

/** What a message to the platform is about: the documents of a sync, the answers to orders. */
export function subjectsOf(message: unknown): string[] {
  const { documents, answers } = message as {
    documents?: readonly { collector: string; kind: string; sequence: number }[];
    answers?: readonly { orderId: string; state: string }[];
  };
  return [
    ...(documents ?? []).map(({ collector, kind, sequence }) => `${collector} ${kind} #${sequence}`),
    ...(answers ?? []).map(({ orderId, state }) => `order ${orderId} ${state}`),
  ];
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    // Not ours to read: that is no empty journal.
    if (isDenied(error)) throw error;
    return [];
  }
}
