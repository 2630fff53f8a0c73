export { CliError, type CliErrorCode } from './errors.ts';
export { readTar, type TarMember } from './knowledge/read-tar.ts';
export { edgeConfig, mirrorConfig, type EdgeSettings, type MirrorSettings } from './relay/nginx-config.ts';
