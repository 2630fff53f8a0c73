import type { Ecosystem } from '../ecosystem.ts';
import { compareGemVersions, gemVersionKey } from './version.ts';

/** Ruby gems. */
export const rubygems: Ecosystem = {
  name: 'rubygems',
  aliases: ['bundler', 'gem', 'ruby'],
  versionOrder: 'RubyGems (Gem::Version)',
  compareVersions: compareGemVersions,
  versionKey: gemVersionKey,
};
