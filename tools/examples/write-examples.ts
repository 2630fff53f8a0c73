import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import setUpPostgres from '../../packages/testkit/src/postgres-global-setup.ts';
import { exampleFile } from './example-file.ts';
import { recordExamples } from './record-examples.ts';

/** Replies of a server with a small fleet as examples of the OpenAPI document. */
export async function writeExamples(): Promise<void> {
  const tearDown = setUpPostgres();
  try {
    const text = exampleFile(await recordExamples());
    writeFileSync(join(import.meta.dirname, '../../apps/server/src/http/generated/examples.ts'), text);
  } finally {
    await tearDown();
  }
}
