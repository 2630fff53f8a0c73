/** The client of the public API that the command line uses; the tools of this repository use it too. */
export { connect, type Client } from './api/connect.ts';
export { CliError, type CliErrorCode } from './errors.ts';
export { readTar, type TarMember } from './knowledge/read-tar.ts';
export { edgeConfig, mirrorConfig, type EdgeSettings, type MirrorSettings } from './relay/nginx-config.ts';
