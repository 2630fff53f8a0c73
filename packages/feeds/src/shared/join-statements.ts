import type { Advisory } from '@vedette/protocol';

/** Joins what two records of one feed say under one name: the vulnerabilities and the statements of both. */
export function joinStatements(earlier: Advisory, later: Advisory): Advisory {
  return {
    ...later,
    vulnerabilities: [...new Set([...earlier.vulnerabilities, ...later.vulnerabilities])],
    affected: [...earlier.affected, ...later.affected],
  };
}
