import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { useInfiniteQuery } from '@tanstack/react-query';
import { endpoints, type TimelineEntry } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatMoment, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';
import { factTitle } from './fact-titles.ts';

/** What happened to the asset, newest first. */
export function TimelineTab({ assetId }: { assetId: string }) {
  const answer = useInfiniteQuery({
    queryKey: [endpoints.getTimeline.path, assetId],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call(endpoints.getTimeline, { params: { assetId }, query: { before: pageParam, limit: 50 } }, signal),
    getNextPageParam: (last) => (last.more ? last.items.at(-1)?.at : undefined),
  });
  if (answer.error && !answer.data) return <Failure error={answer.error} retry={answer.refetch} />;
  if (!answer.data) return <Loading what="the timeline" />;
  const entries = answer.data.pages.flatMap(({ items }) => items);
  return (
    <Container
      header={
        <Header variant="h2" actions={<AppLink to={paths.compare({ asset: assetId, by: 'check' })}>Compare two moments</AppLink>}>
          Timeline
        </Header>
      }
    >
      <ol className="timeline">
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.kind} ${'collector' in entry ? entry.collector : ''}`}>
            <time dateTime={entry.at}>{formatMoment(entry.at)}</time>
            <div>
              <Entry entry={entry} />
            </div>
          </li>
        ))}
      </ol>
      {answer.hasNextPage ? (
        <Button loading={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
    </Container>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  switch (entry.kind) {
    case 'enrolled':
      return <strong>Enrolled</strong>;
    case 'facts':
      return (
        <>
          <strong>{factTitle(entry.collector)}</strong> changed
        </>
      );
    case 'packages':
      return (
        <>
          <Names verb="installed" count={entry.added.count} names={entry.added.first} />
          <Names verb="removed" count={entry.removed.count} names={entry.removed.first} />
        </>
      );
    case 'detections':
      return (
        <>
          <Checks verb="found" {...entry.found} />
          <Checks verb="fixed" {...entry.fixed} />
        </>
      );
  }
}

function Names({ verb, count, names }: { verb: string; count: number; names: readonly string[] }) {
  if (count === 0) return null;
  return (
    <p>
      <strong>
        {plural(count, 'package')} {verb}
      </strong>{' '}
      <span className="quiet breakable">
        {names.join(', ')}
        {count > names.length ? ' …' : ''}
      </span>
    </p>
  );
}

function Checks({ verb, count, first }: { verb: string; count: number; first: readonly { check: number; name: string }[] }) {
  if (count === 0) return null;
  return (
    <p>
      <strong>
        {plural(count, 'detection')} {verb}
      </strong>{' '}
      {first.map(({ check, name }) => (
        <span key={check}>
          <AppLink to={paths.check(check)}>{name}</AppLink>{' '}
        </span>
      ))}
      {count > first.length ? '…' : ''}
    </p>
  );
}
