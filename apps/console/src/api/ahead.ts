/** An answer that waits to be asked for is not taken when it is older: the page went another way first. */
const freshMs = 5_000;

const answers = new Map<string, { readonly at: number; readonly answer: Promise<Response> }>();

/** Sends a request to the API of the platform with the session cookie. */
export function send(address: string, request: RequestInit = {}): Promise<Response> {
  return fetch(address, { ...request, credentials: 'same-origin', cache: 'no-store' });
}

/** Asks before the code that needs the answer is there: whoever reads that address first finds it under way. */
export function askAhead(address: string): Promise<Response> {
  const answer = send(address, { headers: { accept: 'application/json' } });
  answers.set(address, { at: performance.now(), answer });
  // Whoever asks hears of a failure; when nobody does, it is none.
  answer.catch(() => undefined);
  return answer;
}

/** The answer asked for ahead, once; undefined when there is none, or none that is fresh. */
export function takeAhead(address: string): Promise<Response> | undefined {
  const found = answers.get(address);
  answers.delete(address);
  return found && performance.now() - found.at < freshMs ? found.answer : undefined;
}
