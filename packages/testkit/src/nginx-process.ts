import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { edgeConfig, type EdgeSettings, mirrorConfig } from '@vedette/cli';
import { endProcess } from './end-process.ts';
import { eventually } from './eventually.ts';

const nginx = '/usr/sbin/nginx';
const makeCertificate = join(import.meta.dirname, '../../../deploy/edge/make-certificate.sh');

/** Whether nginx and openssl are here; else the reason for which tests skip. */
export function nginxRefusal(): string | null {
  const missing = [nginx, '/usr/bin/openssl'].filter((program) => !existsSync(program));
  return missing.length === 0 ? null : `skipped: no ${missing.join(', ')} (Debian: apt-get install nginx-light openssl)`;
}

/** A certificate authority in a directory, made by the shipped script, and certificates of it. */
export function certificateFor(directory: string, ...names: readonly string[]) {
  execFileSync(makeCertificate, [directory, ...names], { stdio: ['ignore', 'ignore', 'inherit'] });
  const file = (name: string): string => join(directory, name);
  const [name = ''] = names;
  return { caFile: file('ca.pem'), certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) };
}

/** Where it listens and runs, unless on loopback of this machine. */
export interface NginxPlace {
  readonly address?: string;
  readonly port?: number;
  /** Words before the command, such as those that enter a network namespace. */
  readonly inside?: readonly string[];
  /** Directory of a certificate authority that several share. */
  readonly authority?: string;
  /** Of each answer, so that a download lasts long enough to be seen; otherwise as fast as it goes. */
  readonly bytesPerSecond?: number;
}

/** Debian's nginx with one of the shipped configurations, on a free port of loopback, its cache and log in a directory that goes with it. */
export class NginxProcess implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'vedette-nginx-'));
  /** PEM text of the authority that its certificate is of. */
  readonly ca: string;
  readonly #certificate: ReturnType<typeof certificateFor>;
  readonly #place: NginxPlace;
  #port = 0;
  #process: ChildProcess | null = null;

  private constructor(place: NginxPlace) {
    this.#place = place;
    const { authority = join(this.directory, 'tls'), address = '127.0.0.1' } = place;
    this.#certificate = certificateFor(authority, 'edge.test', address, 'localhost');
    this.ca = readFileSync(this.#certificate.caFile, 'utf8');
  }

  /** An edge of a platform. */
  static async edge(platform: string, changes: Partial<EdgeSettings> = {}, place: NginxPlace = {}): Promise<NginxProcess> {
    return new NginxProcess(place).#start((edge) =>
      edgeConfig({
        ...edge.#served(),
        platform: new URL(platform),
        platformCa: edge.#certificate.caFile,
        cacheDir: join(edge.directory, 'cache'),
        cacheSize: '1g',
        requestsPerSecond: '10000',
        edgeToken: '',
        ...changes,
      }),
    );
  }

  static async mirror(mirrorDir: string): Promise<NginxProcess> {
    return new NginxProcess({}).#start((mirror) => mirrorConfig({ ...mirror.#served(), mirrorDir }));
  }

  /** Without a slash at the end. */
  get url(): string {
    return `https://${this.#place.address ?? '127.0.0.1'}:${this.#port}`;
  }

  get accessLog(): string {
    return readFileSync(join(this.directory, 'access.log'), 'utf8');
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** SIGKILL to all of it: connections under way break. */
  async kill(): Promise<void> {
    const master = this.#process;
    if (!master?.pid) return;
    process.kill(-master.pid, 'SIGKILL'); // a group of its own, see below
    await endProcess(master, 'SIGKILL');
  }

  async restart(): Promise<void> {
    await this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#process, 'SIGTERM');
    rmSync(this.directory, { recursive: true, force: true });
  }

  #served() {
    const { certFile: tlsCert, keyFile: tlsKey } = this.#certificate;
    const accessLog = join(this.directory, 'access.log');
    return { listen: `${this.#place.address ?? '127.0.0.1'}:${this.#port}`, name: 'edge.test', tlsCert, tlsKey, accessLog };
  }

  async #start(config: (self: NginxProcess) => string): Promise<this> {
    this.#port = this.#place.port ?? (await freePort());
    mkdirSync(join(this.directory, 'temporary'));
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${this.directory}/temporary/${name};`,
    );
    const { bytesPerSecond } = this.#place;
    const rate = bytesPerSecond === undefined ? '' : `limit_rate ${bytesPerSecond};`;
    writeFileSync(join(this.directory, 'site.conf'), config(this));
    writeFileSync(
      join(this.directory, 'nginx.conf'),
      `daemon off; user root; worker_processes 1; worker_rlimit_nofile 20000; pid ${this.directory}/nginx.pid;
error_log ${this.directory}/error.log warn;
events { worker_connections 8192; }
http { ${temporary.join(' ')} ${rate} include ${this.directory}/site.conf; }
`,
    );
    try {
      await this.#run();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    return this;
  }

  async #run(): Promise<void> {
    const errorLog = join(this.directory, 'error.log');
    rmSync(join(this.directory, 'nginx.pid'), { force: true });
    const [command, ...args] = [...(this.#place.inside ?? []), nginx, '-c', join(this.directory, 'nginx.conf'), '-e', errorLog];
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    this.#process = child;
    await eventually('nginx', 20_000, () => {
      if (child.exitCode !== null) throw new Error(readFileSync(errorLog, 'utf8'));
      return existsSync(join(this.directory, 'nginx.pid')) ? true : null;
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  server.close();
  return port;
}
