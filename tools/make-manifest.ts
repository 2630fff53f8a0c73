/** The manifest of the posture checks of this checkout, as a file for `vedette release content REPOSITORY manifests VERSION FILE`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PostureContent } from '@vedette/protocol';
import { buildManifest } from '../apps/server/src/manifest/build-manifest.ts';

const [file = join(import.meta.dirname, '../content/posture/linux.json')] = process.argv.slice(2);
const { checks } = PostureContent.parse(JSON.parse(readFileSync(file, 'utf8')));
process.stdout.write(`${JSON.stringify({ version: Math.floor(Date.now() / 1000), ...buildManifest(checks) })}\n`);
