import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { CliError } from '../errors.ts';

/**
 * A regular file as a whole; a FIFO or device is refused instead of waited for. Throws CliError NOT_FOUND for what is not there, else
 * FAILURE.
 */
export function readFile(path: string, maxBytes: number): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(path, error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new CliError('FAILURE', `${path} is not a regular file`);
    if (stats.size > maxBytes)
      throw new CliError('FAILURE', `${path} has ${stats.size} bytes, more than the ${maxBytes} that are read`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Standard input to its end. Throws CliError FAILURE above the limit. */
export function readStandardInput(maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const read = readSync(0, chunk, 0, chunk.length, null);
    if (read === 0) return Buffer.concat(chunks);
    bytes += read;
    if (bytes > maxBytes) throw new CliError('FAILURE', `standard input has more than the ${maxBytes} bytes that are read`);
    chunks.push(chunk.subarray(0, read));
  }
}

export function fileError(path: string, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return new CliError('NOT_FOUND', `${path} does not exist`, { cause: error });
  return new CliError('FAILURE', `${path} cannot be read (${code || String(error)})`, { cause: error });
}
