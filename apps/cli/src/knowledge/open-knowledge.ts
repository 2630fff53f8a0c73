import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from '../context.ts';
import { CliError } from '../errors.ts';
import { fileError, readFile } from '../scan/read-file.ts';
import { databaseSource } from './database-source.ts';
import type { KnowledgeSource, KnowledgeState } from './knowledge-source.ts';
import { starterSource } from './starter-source.ts';

/** A packed starter is about a hundred kilobytes. */
const maxStarterBytes = 64 * 1024 * 1024;
/** Knowledge older than this is worth a word. */
const staleDays = 14;

/** Where `knowledge import` keeps its result: $XDG_DATA_HOME/vedette/knowledge.db (XDG Base Directory Specification). */
export function ownKnowledgeFile(environment: Environment): string {
  const base = environment['XDG_DATA_HOME'] || join(environment['HOME'] ?? '/', '.local/share');
  return join(base, 'vedette/knowledge.db');
}

/** The starter beside the program: in the checkout. */
const starterFile = resolve(import.meta.dirname, '../../../../content/knowledge/starter.json.zst');

/** The file given, else the one imported last, else the starter. Throws CliError. */
export function openKnowledge(environment: Environment, given: string | undefined): KnowledgeSource {
  const own = ownKnowledgeFile(environment);
  const file = given ?? (existsSync(own) ? own : starterFile);
  if (!existsSync(file))
    throw new CliError('NOT_FOUND', `${file} does not exist; make a knowledge base with "vedette knowledge import"`);
  return isZstd(file) ? starterSource(file, readFile(file, maxStarterBytes)) : databaseSource(file);
}

/** By the magic number (RFC 8878, 3.1.1), not the name: a person may call the result of an import what they like. */
function isZstd(file: string): boolean {
  const start = Buffer.alloc(4);
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(fd, start, 0, start.length, 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(file, error);
  }
  return start.equals(Buffer.of(0x28, 0xb5, 0x2f, 0xfd));
}

/** One line about what a scan rests on, with what to do when it is old. */
export function knowledgeLine(state: KnowledgeState, now: Date): string {
  const days = state.newest ? Math.floor((now.getTime() - Date.parse(`${state.newest}T00:00:00Z`)) / 86_400_000) : null;
  const age = days === null ? 'no dated advisory' : `newest advisory ${state.newest}, ${days} days old`;
  const advice = days !== null && days > staleDays ? '; import newer feeds with "vedette knowledge import"' : '';
  return `knowledge: ${state.kind === 'starter' ? 'starter' : state.file} of ${state.madeAt.slice(0, 10)}, ${age}${advice}`;
}
