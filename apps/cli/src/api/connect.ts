import { ApiError, type Client, connect as connectClient, type Credentials, type Patience } from '@vedette/client';
import type { Endpoint } from '@vedette/protocol';
import { z } from 'zod';
import { CliError, type CliErrorCode } from '../errors.ts';
import { printable } from '../output/printable.ts';

export type { Client, Patience };

/**
 * The client of the public API, with failures as commands end with them: USAGE, before anything is sent, for what the operation does not
 * take; AUTH for 401 and 403, NOT_FOUND for 404, else FAILURE.
 */
export function connect(url: string, credentials: Credentials, patience?: Patience): Client {
  const client = connectClient(url, credentials, patience);
  return {
    async call(endpoint, input) {
      refuseWrong(endpoint, input as Parts); // InputOf<E> cannot be looked into while E is open
      return client.call(endpoint, input).catch(endWith);
    },
    request: (method, path, body) => client.request(method, path, body).catch(endWith),
    async *download(path) {
      try {
        yield* client.download(path);
      } catch (error) {
        endWith(error);
      }
    },
  };
}

interface Parts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** The platform would say the same, but as a failure: "--limit 0" is a wrong word on the command line, and known here to be one. */
function refuseWrong(endpoint: Endpoint, { params, query = {}, body }: Parts): void {
  // As they are sent: what is empty is left out.
  const asked = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null && value !== ''));
  const results = [
    endpoint.params.safeParse(params),
    endpoint.query instanceof z.ZodUndefined ? null : endpoint.query.safeParse(asked),
    endpoint.body.safeParse(body),
  ];
  const issues = results.flatMap((result) => result?.error?.issues ?? []);
  if (issues.length === 0) return;
  const texts = issues.slice(0, 5).map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw new CliError('USAGE', texts.map(printable).join('\n'));
}

const statusCodes = new Map<number, CliErrorCode>([
  [401, 'AUTH'],
  [403, 'AUTH'],
  [404, 'NOT_FOUND'],
]);

function endWith(error: unknown): never {
  if (!(error instanceof ApiError)) throw error;
  const detail = error.status === 401 ? `${error.message} (log in with "vedette login")` : error.message;
  throw new CliError(statusCodes.get(error.status) ?? 'FAILURE', printable(detail), { cause: error });
}
