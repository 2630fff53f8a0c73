import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { useInfiniteQuery } from '@tanstack/react-query';
import { endpoints, type TimelineEntry } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatMoment, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';
import { factTitle } from './fact-titles.ts';

/** What happened to the asset, newest first. */
export function TimelineTab({ assetId }: { assetId: string }) {
  const asOf = useAsOf();
  const answer = useInfiniteQuery({
    queryKey: [endpoints.getTimeline.path, assetId, asOf],
    initialPageParam: asOf,
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
              <Entry entry={entry} assetId={assetId} />
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

/** The events of that very moment, each by itself. */
function eventsOf(assetId: string, { kind, at }: { readonly kind: 'packages' | 'detections'; readonly at: string }): string {
  const moment = Date.parse(at);
  return paths.events({
    query: `asset:(assetId:${assetId})`,
    kind: kind === 'packages' ? 'package' : 'detection',
    from: new Date(moment).toISOString(),
    to: new Date(moment + 1).toISOString(),
  });
}

function Entry({ entry, assetId }: { entry: TimelineEntry; assetId: string }) {
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
          <Names verb="installed" count={entry.added.count} names={entry.added.first} to={eventsOf(assetId, entry)} />
          <Names verb="removed" count={entry.removed.count} names={entry.removed.first} to={eventsOf(assetId, entry)} />
        </>
      );
    case 'detections':
      return (
        <>
          <Checks verb="found" {...entry.found} to={eventsOf(assetId, entry)} />
          <Checks verb="fixed" {...entry.fixed} to={eventsOf(assetId, entry)} />
        </>
      );
  }
}

interface CountProps {
  readonly verb: string;
  readonly count: number;
  readonly to: string;
}

function Names({ verb, count, names, to }: CountProps & { names: readonly string[] }) {
  if (count === 0) return null;
  return (
    <p>
      <strong>
        <AppLink to={to}>{plural(count, 'package')}</AppLink> {verb}
      </strong>{' '}
      <span className="quiet breakable">
        {names.join(', ')}
        {count > names.length ? ' …' : ''}
      </span>
    </p>
  );
}

function Checks({ verb, count, first, to }: CountProps & { first: readonly { check: number; name: string }[] }) {
  if (count === 0) return null;
  return (
    <p>
      <strong>
        <AppLink to={to}>{plural(count, 'detection')}</AppLink> {verb}
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
