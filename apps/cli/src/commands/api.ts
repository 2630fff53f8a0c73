import { readFileSync } from 'node:fs';
import { CliError } from '../errors.ts';
import type { Command } from './command.ts';
import { text } from './list-options.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

export const api: Command = {
  name: 'api',
  summary: 'Call any operation of the public API by its path, and print the reply.',
  args: '<method> <path>',
  options: [['--body <file>', 'JSON document to send; "-" reads standard input']],
  help: 'Operations and their documents: /api/openapi.json of the platform. The path starts behind /api/v1.',
  example: 'vedette api GET "/assets?limit=5" --output yaml',
  async run({ client, input }, [method = '', path = ''], options) {
    const verb = method.toUpperCase();
    if (!methods.includes(verb)) throw new CliError('USAGE', `a method is one of ${methods.join(', ')}, not "${method}"`);
    if (!path.startsWith('/')) throw new CliError('USAGE', `a path starts with "/", such as /assets, not "${path}"`);
    const file = text(options['body']);
    const body = file === undefined ? undefined : parseBody(file === '-' ? await readAll(input()) : read(file), file);
    const data = await client().request(verb, path, body);
    return { data, text: JSON.stringify(data, null, 2) };
  },
};

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError('USAGE', `--body ${file} cannot be read`, { cause });
  }
}

function parseBody(body: string, file: string): unknown {
  try {
    return JSON.parse(body); // the platform checks it against the operation's schema
  } catch (cause) {
    throw new CliError('USAGE', `--body ${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

async function readAll(chunks: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const chunk of chunks) all += chunk;
  return all;
}
