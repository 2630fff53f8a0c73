import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdCompressSync } from 'node:zlib';
import { agentPaths } from '@vedette/protocol';
import { signRequest } from '../../../apps/agent/src/transport/sign-request.ts';

/** The clients of the benchmark `orders`, in a process of their own: one socket for each agent, and nothing of HTTP but what is needed. */
export interface WaiterKey {
  readonly agentId: string;
  readonly assetId: string;
  /** PKCS #8, PEM. */
  readonly key: string;
}

/** Source addresses of loopback: each has 28,000 ports. */
const addresses = 50;
const atOnce = 32;

const [file = '', address = ''] = process.argv.slice(2);
const keys = JSON.parse(readFileSync(file, 'utf8')) as WaiterKey[];
const { hostname, port } = new URL(address);
const body = zstdCompressSync(JSON.stringify({ waitSeconds: 50, answers: [] }));
let opened = 0;

async function open({ agentId, assetId, key }: WaiterKey, index: number): Promise<void> {
  const privateKey = createPrivateKey(key);
  const socket = connect({ host: hostname, port: Number(port), localAddress: `127.0.0.${2 + (index % addresses)}` });
  const ask = (): void => {
    const { headers } = signRequest(agentPaths.orders, body, { key: privateKey, keyid: agentId }, Math.floor(Date.now() / 1000));
    const lines = Object.entries({ host: `${hostname}:${port}`, ...headers, 'content-length': body.length }).map((pair) =>
      pair.join(': '),
    );
    socket.write(Buffer.concat([Buffer.from(`POST ${agentPaths.orders} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`), body]));
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  socket.on('data', (data) => {
    const text = data.toString('latin1');
    if (text.includes('"orders":[{')) process.stdout.write(`${assetId} ${performance.timeOrigin + performance.now()}\n`);
    else if (!text.includes('"orders":[]')) {
      // One that is refused would be refused again, in a circle without a pause.
      process.stdout.write(`failed ${text.slice(-400).replaceAll(/\s+/g, ' ')}\n`);
      return void socket.destroy();
    }
    ask();
  });
  await promise;
  ask();
  opened += 1;
}

for (let first = 0; first < keys.length; first += atOnce) {
  await Promise.all(keys.slice(first, first + atOnce).map((key, index) => open(key, first + index)));
  // Each request has a signature to check: the platform shall not be measured while it is behind.
  await delay(10);
}
process.stdout.write(`opened ${opened}\n`);
