import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface StubProxyOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Value of Proxy-Authorization without which it answers 407. */
  readonly authorization?: string;
  /** Status of its answer to CONNECT instead of a tunnel. */
  readonly refusesWith?: number;
  /** Cuts every tunnel once this many bytes went to the platform. */
  readonly cutsAfterBytes?: number;
}

/** A proxy for CONNECT on loopback that can misbehave. */
export class StubProxy implements AsyncDisposable {
  /** Targets of the tunnels it was asked for. */
  readonly asked: string[] = [];
  readonly #options: StubProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: StubProxyOptions) {
    this.#options = options;
    this.#server = options.tls ? createTlsServer(options.tls) : createServer();
    this.#server.on('connect', (request: IncomingMessage, client: Socket) => this.#connect(request, client));
    this.#server.on('connection', (socket: Socket) => this.#keep(socket));
  }

  static async start(options: StubProxyOptions = {}): Promise<StubProxy> {
    const proxy = new StubProxy(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    proxy.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return proxy;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo; // a TCP server that listens
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  #connect(request: IncomingMessage, client: Socket): void {
    const target = request.url ?? '';
    this.asked.push(target);
    const { authorization, refusesWith, cutsAfterBytes = Infinity } = this.#options;
    client.on('error', () => undefined);
    const isKnown = authorization === undefined || request.headers['proxy-authorization'] === authorization;
    if (!isKnown)
      return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="stub"\r\n\r\n');
    if (refusesWith !== undefined) return void client.end(`HTTP/1.1 ${refusesWith} No\r\n\r\n`);
    const { hostname, port } = new URL(`http://${target}`);
    const platform = connect(Number(port), hostname.replace(/^\[|\]$/g, ''), () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(platform).pipe(client);
    });
    this.#keep(platform);
    platform.on('error', () => client.destroy());
    let sent = 0;
    client.on('data', (bytes: Buffer) => {
      sent += bytes.length;
      if (sent > cutsAfterBytes) client.destroy();
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#server.close(resolve);
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }
}
