import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type FeedState, type Knowledge } from '@vedette/protocol';
import { call } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { answerWith } from '../../ui/whole-list.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';

export function KnowledgePage() {
  useTitle('Knowledge base');
  useFrame({}, 'knowledge');
  const queries = useQueryClient();
  const answer = useApi(endpoints.getKnowledge, {});
  const may = useMay();
  const refresh = useMutation({
    mutationFn: () => call(endpoints.refreshKnowledge, {}),
    // A new knowledge version changes every list there is.
    onSettled: () => queries.invalidateQueries(),
  });
  const accept = useMutation({
    mutationFn: (feed: string) => call(endpoints.acceptFeed, { params: { feed } }),
    onSettled: () => queries.invalidateQueries(),
  });
  const { data } = answer;
  const busy = refresh.isPending || accept.isPending || (data?.refreshing ?? false);
  return (
    <div className="stack">
      <Header
        variant="h1"
        description="What is known about vulnerabilities, and where it came from"
        actions={
          may('knowledge:write') ? (
            <Button variant="primary" loading={busy} loadingText="Refreshing" onClick={() => refresh.mutate()}>
              Refresh now
            </Button>
          ) : null
        }
      >
        Knowledge base
      </Header>
      {refresh.error ? <Failure error={refresh.error} /> : null}
      {accept.error ? <Failure error={accept.error} /> : null}
      {refresh.isSuccess ? (
        <Alert type="success" statusIconAriaLabel="Success">
          Done: version {refresh.data.version} with {formatCount(refresh.data.checks)} checks is in use.
        </Alert>
      ) : null}
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {data ? (
        <State data={data} busy={busy} accept={accept.mutate} />
      ) : answer.error ? null : (
        <Loading what="the knowledge base" />
      )}
    </div>
  );
}

const columns: readonly Column<FeedState>[] = [
  {
    id: 'feed',
    header: 'Feed',
    minWidth: 260,
    text: ({ feed }) => feed,
    cell: (item) => (
      <>
        <strong>{item.feed}</strong>
        <span className="under">{item.describes || 'What Vedette itself brings along to begin with.'}</span>
      </>
    ),
  },
  {
    id: 'state',
    header: 'State',
    minWidth: 260,
    text: (item) => [feedStatus[statusOf(item)][1], item.problem].filter(Boolean).join(': '),
    cell: (item) => <FeedHealth feed={item} />,
  },
  {
    id: 'records',
    header: 'Records',
    isHighestFirst: true,
    text: ({ records }) => records,
    cell: ({ records }) => (records === null ? '–' : formatCount(records)),
  },
  {
    id: 'retrieved',
    header: 'Retrieved',
    isHighestFirst: true,
    text: ({ retrievedAt }) => retrievedAt,
    cell: ({ retrievedAt }) => <Ago at={retrievedAt} />,
  },
  {
    id: 'checked',
    header: 'Known to be current',
    isHighestFirst: true,
    text: ({ checkedAt }) => checkedAt,
    cell: ({ checkedAt }) => <Ago at={checkedAt} />,
  },
];

interface StateProps {
  readonly data: Knowledge;
  readonly busy: boolean;
  readonly accept: (feed: string) => void;
}

function State({ data, busy, accept }: StateProps) {
  const may = useMay();
  const acceptAction = ({ feed, refusedRecords }: FeedState) =>
    refusedRecords === null ? (
      '–'
    ) : (
      <Button
        variant="inline-link"
        ariaLabel={`Accept ${refusedRecords} records of ${feed}`}
        disabled={busy}
        onClick={() => accept(feed)}
      >
        Accept {formatCount(refusedRecords)} records
      </Button>
    );
  const old = data.feeds.filter(({ stale, problem }) => stale || problem !== null);
  return (
    <>
      {data.starter || data.stale ? (
        <Alert
          type="warning"
          statusIconAriaLabel="Warning"
          header={data.starter ? 'Only the starter knowledge base is in use' : 'The newest advisory is older than 14 days'}
        >
          Press “Refresh now”. Without a way to the official addresses, give the platform a mirror, a proxy or a directory with
          the files of the feeds; the README says how.
        </Alert>
      ) : null}
      {old.length > 0 && !data.starter ? (
        <Alert type="warning" statusIconAriaLabel="Warning" header={`${formatCount(old.length)} feeds are old or have a problem`}>
          What they said before stays in use. The table says of each why, and what to do.
        </Alert>
      ) : null}
      <Container header={<Header variant="h2">In use</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Version', value: formatCount(data.version) },
            { label: 'Checks', value: <AppLink to={paths.checks()}>{formatCount(data.checks)}</AppLink> },
            { label: 'Newest advisory', value: data.date ?? '–' },
            { label: 'Imported', value: <Ago at={data.importedAt} /> },
          ]}
        />
      </Container>
      <WholeTable
        title="Feeds"
        noun="feeds"
        columns={columns}
        keyOf={({ feed }) => feed}
        answer={answerWith(data.feeds)}
        rowActions={may('knowledge:write') && data.feeds.some((one) => one.refusedRecords !== null) ? acceptAction : undefined}
        empty={<EmptyState title="No feed was read yet">Press “Refresh now”.</EmptyState>}
      />
    </>
  );
}

/** What a feed says of itself, and why it may not be current. */
function FeedHealth({ feed }: { feed: FeedState }) {
  return (
    <>
      <FeedStatus feed={feed} />
      <ExpandableSection headerText="Details" variant="inline">
        {feed.problem === null ? null : <p className="breakable">{feed.problem}</p>}
        {feed.stale && feed.problem === null ? (
          <p>
            Nobody asked its source for more than 7 days. Press “Refresh now”; what exists only as files comes with
            VEDETTE_FEED_DIR.
          </p>
        ) : null}
        <p className="breakable quiet">In use: {feed.location || 'nothing'}</p>
      </ExpandableSection>
    </>
  );
}

const feedStatus = {
  nothing: ['error', 'last fetch failed, nothing in use'],
  older: ['warning', 'last fetch failed, older copy in use'],
  unread: ['pending', 'not read yet'],
  stale: ['warning', 'old copy in use'],
  current: ['success', 'in use'],
} as const;

function statusOf({ problem, retrievedAt, stale }: FeedState): keyof typeof feedStatus {
  if (problem !== null) return retrievedAt === null ? 'nothing' : 'older';
  if (retrievedAt === null) return 'unread';
  return stale ? 'stale' : 'current';
}

function FeedStatus({ feed }: { feed: FeedState }) {
  const [type, words] = feedStatus[statusOf(feed)];
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}
