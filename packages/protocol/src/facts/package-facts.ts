import { z } from 'zod';
import { defineFact, text } from './fact.ts';

/**
 * Packages of managers that keep no states: what is in their database is installed. Unlike with dpkg, several versions of a name may be (rpm's
 * kernels), so that the version is part of the key.
 */
export const rpmFact = defineFact({
  name: 'rpm',
  version: 1,
  describes: 'Packages in the database of rpm.',
  key: ['name', 'architecture', 'version'],
  row: z.object({
    name: text,
    version: text.meta({ description: '[epoch:]version-release; an epoch of 0 is left out' }),
    architecture: text,
    source: text.meta({ description: 'Source package; the package itself where the database names none' }),
    sourceVersion: text,
    module: text.meta({ description: 'MODULARITYLABEL: name:stream:version:context; empty for none' }),
  }),
});

export const apkFact = defineFact({
  name: 'apk',
  version: 1,
  describes: 'Packages in the database of apk.',
  key: ['name', 'architecture', 'version'],
  row: z.object({
    name: text,
    version: text,
    architecture: text,
    source: text.meta({ description: 'Origin, of which advisories speak; the package itself where the database names none' }),
    sourceVersion: text.meta({ description: 'The same as the version: apk builds all of an origin under one' }),
  }),
});

export type RpmPackageRow = z.infer<typeof rpmFact.row>;
export type ApkPackageRow = z.infer<typeof apkFact.row>;
