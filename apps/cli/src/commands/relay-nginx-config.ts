import { CliError } from '../errors.ts';
import { edgeConfig, mirrorConfig } from '../relay/nginx-config.ts';
import type { Command } from './command.ts';
import { text, wholeNumber } from './list-options.ts';
import { platformOf } from './relay.ts';

export const relayNginxConfig: Command = {
  name: 'relay nginx-config',
  summary: 'Print a configuration of nginx as an edge of a platform, or as a static mirror.',
  options: [
    ['--platform <url>', 'an edge: caches what this platform hands out'],
    ['--mirror <directory>', 'a static mirror: hands out what "vedette release mirror" has written there'],
    ['--name <host>', 'name of the edge, as its certificate has it'],
    ['--listen <address>', 'port, or address and port (default 443)'],
    ['--tls-cert <file>', 'PEM certificate chain (default /etc/vedette/edge.pem)'],
    ['--tls-key <file>', 'PEM private key (default /etc/vedette/edge.key)'],
    ['--ca-file <file>', "authorities of the platform's certificate (default /etc/vedette/ca.pem)"],
    ['--cache <directory>', 'default /var/cache/nginx/vedette'],
    ['--cache-size <size>', 'as nginx writes it (default 20g)'],
    ['--rate <n>', 'requests that one address may send in a second (default 200)'],
    ['--log <file>', 'default /var/log/nginx/vedette-edge.log'],
  ],
  example:
    'vedette relay nginx-config --platform https://platform.example --name edge-1.example > /etc/nginx/sites-enabled/vedette-edge',
  help: 'VEDETTE_EDGE_TOKEN, where it is set, becomes a part of the configuration: keep the file from others then. docs/edges.md tells more.',
  async run({ environment }, _args, options) {
    const option = (name: string, standard: string): string => text(options[name]) ?? standard;
    const served = {
      listen: option('listen', '443'),
      name: text(options['name']) ?? missing('--name'),
      tlsCert: option('tlsCert', '/etc/vedette/edge.pem'),
      tlsKey: option('tlsKey', '/etc/vedette/edge.key'),
      accessLog: option('log', '/var/log/nginx/vedette-edge.log'),
    };
    const rate = wholeNumber('--rate', options['rate']) ?? 200;
    if (rate < 1) throw new CliError('USAGE', '--rate takes a number from 1 on: with 0 nobody would be answered');
    const mirrorDir = text(options['mirror']);
    const address = text(options['platform']);
    if ((mirrorDir === undefined) === (address === undefined)) throw new CliError('USAGE', 'give either --platform or --mirror');
    if (mirrorDir !== undefined) return printed(mirrorConfig({ ...served, mirrorDir }));
    const platform = platformOf(address);
    if (!platform) throw new CliError('USAGE', '--platform takes an http(s) address without a path');
    return printed(
      edgeConfig({
        ...served,
        platform,
        platformCa: option('caFile', '/etc/vedette/ca.pem'),
        cacheDir: option('cache', '/var/cache/nginx/vedette'),
        cacheSize: option('cacheSize', '20g'),
        requestsPerSecond: String(rate),
        edgeToken: environment['VEDETTE_EDGE_TOKEN'] ?? '',
      }),
    );
  },
};

function missing(option: string): never {
  throw new CliError('USAGE', `${option} is missing`);
}

function printed(config: string) {
  return { data: { config }, text: config.trimEnd() };
}
