import { inventoryFacts } from '@vedette/protocol';
import { defineCollector, type CollectorProblem, type RowOf } from '../collector.ts';
import type { Host } from '../host.ts';
import { certificatesIn, parseCertificate } from './parse.ts';

type Row = RowOf<typeof inventoryFacts.certificate>;

/** A chain of certificates has some kilobytes; bundles of authorities have hundreds. */
const limit = { maxBytes: 128 * 1024 };
const maxFiles = 256;
const maxRows = 2000;

/** Where servers keep their certificates. A directory is not searched deeper; one that ends with `/*` stands for all directories in it. */
const folders = [
  '/etc/ssl',
  '/etc/ssl/certs',
  '/etc/ssl/private',
  '/etc/pki/tls/certs',
  '/etc/letsencrypt/live/*',
  '/etc/nginx',
  '/etc/nginx/ssl',
  '/etc/nginx/certs',
  '/etc/apache2/ssl',
  '/etc/httpd/ssl',
  '/etc/haproxy',
  '/etc/haproxy/certs',
  '/etc/postfix/ssl',
  '/etc/dovecot/private',
  '/etc/openvpn',
  '/etc/openvpn/server',
  '/etc/ipsec.d/certs',
  '/etc/mysql',
  '/etc/kubernetes/pki',
  '/etc/kubernetes/pki/etcd',
  '/var/lib/kubelet/pki',
] as const;

export const certificate = defineCollector({
  fact: inventoryFacts.certificate,
  describes: 'X.509 certificates in the usual places, except the authorities that come with the system.',
  requires: { platforms: ['linux'] },
  cost: { reads: folders.flatMap((folder) => [folder, `${folder}/*`]), maxBytes: limit.maxBytes },
  watches: folders.map((folder) => (folder.endsWith('/*') ? (`${folder}*` as const) : folder)),
  refreshSeconds: null,
  async rows(host) {
    const rows: Row[] = [];
    const problems: CollectorProblem[] = [];
    for (const folder of folders.flatMap((each) => expand(host, each))) {
      await host.breathe();
      for (const name of candidates(host, folder)) {
        if (rows.length >= maxRows) return { rows, problems: [...problems, { path: folder, code: 'LIMIT' }] };
        const read = readCertificates(host, `${folder}/${name}`);
        rows.push(...read.rows);
        problems.push(...read.problems);
      }
    }
    return { rows, problems };
  },
});

function expand(host: Host, folder: string): string[] {
  if (!folder.endsWith('/*')) return [folder];
  const parent = folder.slice(0, -2);
  return (host.listDirectory(parent) ?? []).slice(0, maxFiles).map((name) => `${parent}/${name}`);
}

function candidates(host: Host, folder: string): string[] {
  const named = (host.listDirectory(folder) ?? []).filter((name) => /\.(pem|crt|cer|cert)$/i.test(name));
  // Links in here lead to the authorities of the system, by name and by hash; elsewhere they are how a certificate is replaced.
  const own =
    folder === '/etc/ssl/certs' || folder === '/etc/pki/tls/certs'
      ? named.filter((name) => host.readLink(`${folder}/${name}`) === null)
      : named;
  return own.filter((name) => !/^ca-(certificates|bundle)\.(crt|pem)$|^ca-bundle\.trust\.crt$/.test(name)).slice(0, maxFiles);
}

function readCertificates(host: Host, path: string): { rows: Row[]; problems: CollectorProblem[] } {
  // Asked first: a large file is a bundle, and no problem.
  const status = host.stat(path);
  const file = status?.kind === 'file' && status.sizeBytes <= limit.maxBytes ? host.readFile(path, limit) : null;
  if (file === null) return { rows: [], problems: [] };
  const { ders, isCut } = certificatesIn(file);
  if (isCut) return { rows: [], problems: [] };
  const parsed = ders.map(parseCertificate);
  const rows = parsed.flatMap((one) => {
    if (one === null) return [];
    const { der, ...fields } = one;
    return [{ path, fingerprint: host.sha256(der), ...fields }];
  });
  return { rows: unique(rows), problems: rows.length < parsed.length ? [{ path, code: 'MALFORMED' }] : [] };
}

/** A chain that names a certificate twice has it once. */
function unique(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [row.fingerprint, row])).values()];
}
