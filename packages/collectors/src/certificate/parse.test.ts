import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { certificate } from './index.ts';
import { certificatesIn, parseCertificate } from './parse.ts';

/** Real certificates: the authorities that Node brings. */
const real = rootCertificates.map((pem) => ({ pem, expected: new X509Certificate(pem) }));
const [first] = real;
const curves = new Map([
  ['prime256v1', 256],
  ['secp384r1', 384],
  ['secp521r1', 521],
]);
const curveOf = ({ publicKey }: X509Certificate): string => publicKey.asymmetricKeyDetails?.namedCurve ?? '';
const commonName = ({ subject }: X509Certificate): string => /^CN=(.*)$/m.exec(subject)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? '';

describe('parseCertificate', () => {
  it('reads real certificates as OpenSSL does', () => {
    expect(real.length).toBeGreaterThan(100);
    expect(real.map(({ expected }) => parseCertificate(expected.raw))).toMatchObject(
      real.map(({ expected }) => ({
        keyType: expected.publicKey.asymmetricKeyType,
        keyBits: expected.publicKey.asymmetricKeyDetails?.modulusLength ?? curves.get(curveOf(expected)),
        notBefore: `${new Date(expected.validFrom).toISOString().slice(0, -5)}Z`,
        notAfter: `${new Date(expected.validTo).toISOString().slice(0, -5)}Z`,
        serial: expected.serialNumber
          .toLowerCase()
          .padStart(2, '0')
          .replace(/^(?=[89a-f])/, '00'),
        isAuthority: expected.ca,
        subject: expect.stringContaining(commonName(expected)) as string,
        signature: expect.stringMatching(/^(sha\d+WithRSAEncryption|ecdsa-with-SHA\d+)$/) as string,
      })),
    );
  });

  it('never throws, however a certificate is bent', () => {
    const whole = first?.expected.raw ?? Buffer.alloc(1);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
        (changes, cut) => {
          const bent = Buffer.from(whole.subarray(0, cut));
          for (const [at, byte] of changes) if (at < bent.length) bent[at] = byte;
          expect(parseCertificate(bent)?.names.length ?? 0).toBeLessThanOrEqual(200);
        },
      ),
    );
  });
});

describe('certificatesIn', () => {
  const pem = first?.pem ?? '';

  it('takes certificates and leaves the private key beside them', () => {
    const { ders } = certificatesIn(Buffer.from(`-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${pem}\n${pem}`));
    expect(ders.map((der) => Buffer.from(der).equals(first?.expected.raw ?? Buffer.alloc(0)))).toEqual([true, true]);
  });

  it('stops at a bundle of authorities', () => {
    expect(certificatesIn(Buffer.from(`${pem}\n`.repeat(40)))).toMatchObject({ isCut: true });
  });

  it.each(['', '-----BEGIN CERTIFICATE-----', '-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----'])(
    'finds none in %j',
    (text) => {
      expect(certificatesIn(Buffer.from(text)).ders).toEqual([]);
    },
  );
});

describe('certificate collector', () => {
  const pem = first?.pem ?? '';

  it('finds certificates of servers, not the authorities of the system', async () => {
    const host = fakeHost({
      '/etc/ssl/certs/ca-certificates.crt': pem,
      '/etc/ssl/certs/authority.pem': { link: '/usr/share/ca-certificates/authority.crt' },
      '/usr/share/ca-certificates/authority.crt': pem,
      '/etc/ssl/certs/own.pem': pem,
      '/etc/letsencrypt/live/a.org/cert.pem': pem,
      '/etc/nginx/nginx.conf': 'x',
      '/etc/nginx/broken.crt': '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----',
    });
    const run = await runCollector(certificate, host);
    expect(run.rows.map(({ path }) => path)).toEqual(['/etc/ssl/certs/own.pem', '/etc/letsencrypt/live/a.org/cert.pem']);
    expect(run.rows[0]).toMatchObject({ fingerprint: first?.expected.fingerprint256.replaceAll(':', '').toLowerCase() });
    expect(run.problems).toEqual([{ path: '/etc/nginx/broken.crt', code: 'MALFORMED', count: 1 }]);
  });
});
