import { addressOf } from '@vedette/client';
import { type Endpoint, endpoints } from '@vedette/protocol';
import type { TestServer } from '../../apps/server/src/testing/test-server.ts';

/** Of an endpoint, by the name of the part. */
export interface Input {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: object;
}

export type Headers = Readonly<Record<string, string>>;

/** A reply of which texts and lists are asked for. */
export class Reply {
  readonly json: Readonly<Record<string, unknown>>;
  /** Of the session that it opened. */
  readonly session: Headers;

  constructor(json: Readonly<Record<string, unknown>>, session: Headers) {
    this.json = json;
    this.session = session;
  }

  text(name: string): string {
    return String(this.json[name]);
  }
}

/** Calls operations of a server and keeps the last reply to each. */
export class Recorder {
  readonly replies = new Map<string, unknown>();
  readonly #server: TestServer;
  #calls = 0;

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Throws an Error where the operation fails. */
  async call(name: keyof typeof endpoints, headers: Headers, input: Input = {}): Promise<Reply> {
    const endpoint = endpoints[name] as Endpoint; // widened: only the common shape is needed
    this.#calls += 1;
    // No two things of one moment, of which lists would show either first.
    this.#server.clock.now = new Date(this.#server.clock.now.getTime() + 1000);
    const reply = await this.#server.app.inject({
      method: endpoint.method,
      url: addressOf(endpoint.path, input),
      headers: { host: 'localhost', 'user-agent': 'example', ...headers },
      // Logins are counted by address.
      remoteAddress: `10.0.${this.#calls >> 8}.${this.#calls & 255}`,
      ...(input.body ? { payload: input.body } : {}),
    });
    if (reply.statusCode !== 200) throw new Error(`${name}: ${reply.statusCode} ${reply.body}`);
    const json = reply.json<Record<string, unknown>>();
    this.replies.set(name, json);
    const cookie = reply.cookies.find(({ maxAge }) => maxAge !== 0);
    return new Reply(json, { cookie: `${cookie?.name}=${cookie?.value}`, 'sec-fetch-site': 'same-origin' });
  }
}
