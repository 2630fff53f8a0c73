import { zstdDecompressSync } from 'node:zlib';
import { FeedError, readStarter, starterLimits, type StarterKnowledge } from '@vedette/feeds';
import type { Advisory, KnowledgeInput } from '@vedette/protocol';
import { CliError } from '../errors.ts';
import type { FeedCount, KnowledgeSource, KnowledgeState } from './knowledge-source.ts';
import { recordHash } from './record-hash.ts';
import { namesOf, relatedAdvisories } from './related-advisories.ts';

/** A starter knowledge base (packed, as it is shipped) in memory. Throws CliError FAILURE for a damaged one. */
export function starterSource(file: string, packed: Uint8Array): KnowledgeSource {
  const starter = unpack(file, packed);
  const byName = Map.groupBy(
    starter.advisories.flatMap((advisory) => namesOf(advisory).map((name) => ({ name, advisory }))),
    ({ name }) => name,
  );
  const byNames = (names: readonly string[]): Advisory[] =>
    names.flatMap((name) => (byName.get(name) ?? []).map(({ advisory }) => advisory));
  const complete = (first: Iterable<Advisory>): KnowledgeInput => {
    const advisories = relatedAdvisories(first, byNames);
    const wanted = new Set(advisories.flatMap(namesOf));
    return { advisories, vulnerabilities: starter.vulnerabilities.filter(({ id }) => wanted.has(id)), origins: starter.origins };
  };
  const covered = new Set(starter.advisories.flatMap(({ affected }) => affected.map((one) => `${one.ecosystem} ${one.release}`)));
  return {
    state: () => stateOf(file, starter),
    select(subjects) {
      const wanted = new Set(subjects.map((subject) => `${subject.ecosystem} ${subject.package}`));
      return complete(
        starter.advisories.filter((one) => one.affected.some((said) => wanted.has(`${said.ecosystem} ${said.package}`))),
      );
    },
    selectNames: (names) => complete(byNames(names)),
    covers: (ecosystem, release) => covered.has(`${ecosystem} ${release}`) || covered.has(`${ecosystem} `),
    sourcesOf(ids) {
      const wanted = new Set(ids);
      return starter.advisories
        .filter(({ id }) => wanted.has(id))
        .flatMap((advisory) => {
          // The starter keeps one state of each feed.
          const origin = starter.origins.find(({ feed }) => feed === advisory.feed);
          if (!origin) return [];
          const { feed, location, retrievedAt, sha256 } = origin;
          return [{ id: advisory.id, feed, location, retrievedAt, sha256, recordSha256: recordHash(advisory) }];
        });
    },
    registeredNumber: () => null,
    close() {},
  };
}

function unpack(file: string, packed: Uint8Array): StarterKnowledge {
  try {
    return readStarter(zstdDecompressSync(packed, { maxOutputLength: starterLimits.textChars }).toString('utf8'));
  } catch (error) {
    const reason = error instanceof FeedError ? error.message : 'it is no starter knowledge base';
    throw new CliError('FAILURE', `${file}: ${reason}`, { cause: error });
  }
}

function stateOf(file: string, starter: StarterKnowledge): KnowledgeState {
  const feeds = Map.groupBy(starter.advisories, (advisory) => advisory.feed);
  const origins = Map.groupBy(starter.origins, (origin) => origin.feed);
  const counts = [...new Set([...origins.keys(), ...feeds.keys()])].map((feed): FeedCount => {
    const advisories = feeds.get(feed) ?? [];
    return {
      feed,
      records: null,
      advisories: advisories.length,
      statements: statementsOf(advisories),
      origins: origins.get(feed) ?? [],
      problem: null,
    };
  });
  return {
    file,
    kind: 'starter',
    madeAt: starter.madeAt,
    newest: starter.advisories.reduce<string | null>(
      (day, { published }) => (published && published > (day ?? '') ? published : day),
      null,
    ),
    advisories: starter.advisories.length,
    statements: statementsOf(starter.advisories),
    vulnerabilities: starter.vulnerabilities.length,
    feeds: counts,
  };
}

function statementsOf(advisories: readonly Advisory[]): number {
  return advisories.reduce((sum, advisory) => sum + advisory.affected.length, 0);
}
