import { inventoryFacts } from '@vedette/protocol';
import { defineCollector, type CollectorProblem, type RowOf } from '../collector.ts';
import { toBase64 } from '../shared/base64.ts';
import { parsePublicKey } from './parse.ts';

const limit = { maxBytes: 32 * 1024 };
const folder = '/etc/ssh';
const maxKeys = 32;

export const sshHostKey = defineCollector({
  fact: inventoryFacts['ssh-host-key'],
  describes: 'Public host keys of the SSH server; private ones are never opened.',
  requires: { platforms: ['linux'] },
  cost: { reads: [folder, `${folder}/*`], maxBytes: limit.maxBytes },
  watches: [folder],
  refreshSeconds: null,
  rows(host) {
    const rows: RowOf<(typeof inventoryFacts)['ssh-host-key']>[] = [];
    const problems: CollectorProblem[] = [];
    const names = (host.listDirectory(folder) ?? []).filter((name) => /^ssh_host_.{1,64}_key\.pub$/.test(name));
    for (const name of names.slice(0, maxKeys)) {
      const path = `${folder}/${name}`;
      const text = host.readText(path, limit);
      if (text === null) continue;
      const key = parsePublicKey(text);
      if (key === null) problems.push({ path, code: 'MALFORMED' });
      else {
        const digest = Uint8Array.from(host.sha256(key.blob).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
        rows.push({ path, type: key.type, bits: key.bits, fingerprint: `SHA256:${toBase64(digest)}` });
      }
    }
    return Promise.resolve({ rows, problems });
  },
});
