import type { Ecosystem } from '../ecosystem.ts';
import { compareNugetVersions, nugetVersionKey } from './version.ts';

/** NuGet packages. */
export const nuget: Ecosystem = {
  name: 'nuget',
  aliases: ['dotnet'],
  versionOrder: 'NuGet.Versioning',
  compareVersions: compareNugetVersions,
  versionKey: nugetVersionKey,
};
