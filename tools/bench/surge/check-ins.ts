import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { agentPaths, createActivationKey, Enrolled } from '@vedette/protocol';
import type { PlatformProcess } from '@vedette/testkit';
import { FleetConnection, type Sender } from '../../fleet/connection.ts';
import { percentile } from '../../fleet/tally.ts';

const everyMs = 50;

/** One agent that checks in all the time: how long people's platform keeps it waiting. */
export class CheckIns implements AsyncDisposable {
  readonly #connection: FleetConnection;
  readonly #sender: Sender;
  readonly #running: Promise<void>;
  #isStopped = false;
  #latenciesMs: number[] = [];
  #failures = 0;

  private constructor(connection: FleetConnection, sender: Sender) {
    this.#connection = connection;
    this.#sender = sender;
    this.#running = this.#run();
  }

  static async start(platform: PlatformProcess): Promise<CheckIns> {
    const { secret } = await platform.client.call(createActivationKey, { body: { name: 'surge' } });
    const connection = new FleetConnection({ url: new URL(platform.url), sockets: 1, verifyEvery: 1 });
    const { publicKey, privateKey: key } = generateKeyPairSync('ed25519');
    const x = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).export({ format: 'jwk' }).x ?? '';
    const raw = Buffer.from(x, 'base64url').toString('base64');
    const document = { activationKey: secret, publicKey: raw, hostname: 'surge', agentVersion: '0.1.0', machineId: 'surge' };
    const reply = await connection.post(agentPaths.enroll, document, { key, keyid: x });
    const { agentId, platformPublicKey } = Enrolled.parse(reply.body);
    connection.trust(platformPublicKey);
    return new CheckIns(connection, { key, keyid: agentId });
  }

  /** Of the time since the last call. */
  take(): { readonly checkIns: number; readonly failures: number; readonly p50Ms: number; readonly p99Ms: number } {
    const [latencies, failures] = [this.#latenciesMs, this.#failures];
    this.#latenciesMs = [];
    this.#failures = 0;
    return { checkIns: latencies.length, failures, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    this.#connection[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    const consumption = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 };
    while (!this.#isStopped) {
      const message = { agentVersion: '0.1.0', sentAt: new Date().toISOString(), collectors: [], consumption };
      const began = performance.now();
      const reply = await this.#connection.post(agentPaths.checkIn, message, this.#sender).catch(() => null);
      if (reply?.status === 200) this.#latenciesMs.push(performance.now() - began);
      else this.#failures += 1;
      await delay(everyMs);
    }
  }
}
