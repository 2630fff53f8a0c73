import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface CertificateOptions {
  /** Negative for one that has expired. */
  readonly days?: number;
  readonly subjectAltName?: string;
}

export interface Certificates {
  readonly ca: string;
  readonly tls: { readonly key: string; readonly cert: string };
}

/** A certificate authority of this moment and a certificate of it, by openssl. */
export function makeCertificates({ days = 2, subjectAltName = 'IP:127.0.0.1' }: CertificateOptions = {}): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-tls-'));
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  try {
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2');
    openssl('req', '-new', ...newKey, '-keyout', 'platform.key', '-out', 'platform.csr', '-subj', '/CN=platform');
    writeFileSync(join(directory, 'names'), `subjectAltName=${subjectAltName}`);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days), '-extfile', 'names'];
    openssl('x509', '-req', '-in', 'platform.csr', '-out', 'platform.pem', ...authority);
    return { ca: read('ca.pem'), tls: { key: read('platform.key'), cert: read('platform.pem') } };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
