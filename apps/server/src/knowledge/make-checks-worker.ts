import { parentPort } from 'node:worker_threads';
import { zstdDecompressSync } from 'node:zlib';
import { CheckMaker } from './check-maker.ts';
import type { CheckAnswer, CheckQuestion } from './check-thread.ts';
import type { StoredInput } from './stored-input.ts';

const maker = new CheckMaker();
let known: ReadonlyMap<number, string> = new Map();

parentPort?.on('message', (question: CheckQuestion) => {
  parentPort?.postMessage(answerTo(question));
});

function answerTo(question: CheckQuestion): CheckAnswer {
  try {
    return { answer: work(question) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function work({ kind, ask }: CheckQuestion): unknown {
  switch (kind) {
    case 'put':
      if (ask.body === null) maker.forget(ask.feed);
      else maker.put(ask.feed, JSON.parse(zstdDecompressSync(ask.body).toString('utf8')) as StoredInput); // our own writing
      return null;
    case 'named':
      return [...maker.named].join(' ');
    case 'merge':
      return maker.merge(ask.base, ask.feeds);
    case 'make':
      return maker.make(ask.numbers, ask.today);
    case 'compare':
      return maker.compare(ask.known ?? known);
    case 'take':
      return maker.take(ask.numbers);
    case 'adopt':
      known = maker.hashes;
      return null;
  }
}
