import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CliError } from '../errors.ts';

/** Where the shipped configurations lie: in the source tree, from which the command line runs. */
const templates = join(import.meta.dirname, '../../../../deploy/edge');

interface Served {
  /** Address and port as nginx' `listen` takes it: `443`, `192.0.2.7:443`. */
  readonly listen: string;
  /** Host name of the edge. */
  readonly name: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly accessLog: string;
}

/** See docs/edges.md. */
export interface EdgeSettings extends Served {
  readonly platform: URL;
  /** PEM file of the authorities that the platform's certificate may come from. */
  readonly platformCa: string;
  readonly cacheDir: string;
  /** As nginx writes sizes: `20g`. */
  readonly cacheSize: string;
  /** Of one address. */
  readonly requestsPerSecond: string;
  /** VEDETTE_EDGE_TOKEN of the platform; empty for none. */
  readonly edgeToken: string;
}

export interface MirrorSettings extends Served {
  readonly mirrorDir: string;
}

/** The nginx configuration of an edge. Throws CliError USAGE for a value that would mean something else to nginx. */
export function edgeConfig(settings: EdgeSettings): string {
  const { platform } = settings;
  // nginx holds certificates against names alone.
  if (platform.protocol === 'https:' && isIP(platform.hostname.replace(/^\[|\]$/g, '')) !== 0)
    throw new CliError('USAGE', 'an edge reaches an https platform by its name, not by an address: put one into /etc/hosts');
  const port = platform.port || (platform.protocol === 'https:' ? '443' : '80');
  return render('vedette-edge.conf.template', {
    ...served(settings),
    VEDETTE_PLATFORM_SCHEME: platform.protocol.slice(0, -1),
    VEDETTE_PLATFORM_ADDRESS: `${platform.hostname}:${port}`,
    VEDETTE_PLATFORM_NAME: platform.hostname.replace(/^\[|\]$/g, ''),
    VEDETTE_PLATFORM_CA: settings.platformCa,
    VEDETTE_CACHE_DIR: settings.cacheDir,
    VEDETTE_CACHE_SIZE: settings.cacheSize,
    VEDETTE_REQUESTS_PER_SECOND: settings.requestsPerSecond,
    VEDETTE_EDGE_TOKEN: settings.edgeToken,
  });
}

/** The nginx configuration of a static mirror. Throws CliError USAGE likewise. */
export function mirrorConfig(settings: MirrorSettings): string {
  return render('vedette-mirror.conf.template', { ...served(settings), VEDETTE_MIRROR_DIR: settings.mirrorDir });
}

function served({ listen, name, tlsCert, tlsKey, accessLog }: Served): Record<string, string> {
  return {
    VEDETTE_LISTEN: listen,
    VEDETTE_EDGE_NAME: name,
    VEDETTE_TLS_CERT: tlsCert,
    VEDETTE_TLS_KEY: tlsKey,
    VEDETTE_ACCESS_LOG: accessLog,
  };
}

function render(template: string, values: Readonly<Record<string, string>>): string {
  for (const [name, value] of Object.entries(values)) {
    // What ends a word or begins another thing in nginx' configuration.
    if (/[\s;{}"'\\$#]/.test(value)) throw new CliError('USAGE', `${name} holds a character that nginx would take for its own`);
  }
  const byName = new Map(Object.entries(values));
  return readFileSync(join(templates, template), 'utf8').replace(/\$\{(VEDETTE_[A-Z_]+)\}/g, (all, name: string) => {
    return byName.get(name) ?? all;
  });
}
