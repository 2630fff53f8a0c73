import { ApiError, type Client, connect as connectClient, type Credentials } from '@vedette/client';
import { CliError, type CliErrorCode } from '../errors.ts';
import { printable } from '../output/printable.ts';

export type { Client };

/** The client of the public API, with failures as commands end with them: AUTH for 401 and 403, NOT_FOUND for 404, else FAILURE. */
export function connect(url: string, credentials: Credentials): Client {
  const client = connectClient(url, credentials);
  return {
    call: (endpoint, input) => client.call(endpoint, input).catch(endWith),
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
