import type { ServerResponse } from 'node:http';

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

/** A problem document (RFC 9457) that no agent takes for the platform's, since it bears no signature. */
export function refuse(response: ServerResponse, status: number, { code, detail, retryAfterSeconds = 0 }: Refusal): void {
  const retry = retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {};
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...retry });
  response.end(JSON.stringify({ type: `urn:vedette:problem:${code}`, title: code, status, code, detail }));
}
