import Header from '@cloudscape-design/components/header';
import Button from '@cloudscape-design/components/button';
import Table from '@cloudscape-design/components/table';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { ReleaseNotice } from '../../components/ReleaseNotice.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatBytes } from '../../ui/format.ts';
import { useTitle } from '../../ui/use-title.ts';
import { AgentUpgrades } from './AgentUpgrades.tsx';
import { Rollouts } from './Rollouts.tsx';

/** What was released, how far it is rolled out, and which agents had trouble with it. */
export function ReleasesPage() {
  useTitle('Releases');
  useFrame({}, 'releases');
  return (
    <div className="stack">
      <Header
        variant="h1"
        actions={<AppLink to={paths.events({ kind: 'upgrade', period: '30d' })}>What happened</AppLink>}
        description="Signed offline, rolled out ring by ring; a bad release stops by itself"
      >
        Releases
      </Header>
      <ReleaseNotice />
      <Rollouts />
      <AgentUpgrades />
      <Published />
    </div>
  );
}

type Program = ReplyOf<typeof endpoints.getReleaseRepository>['programs'][number];

function Published() {
  const answer = useApi(endpoints.getReleaseRepository, {});
  const queries = useQueryClient();
  const start = useMutation({
    mutationFn: (version: string) => call(endpoints.startRollout, { body: { version } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listRollouts) }),
  });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <>
      {start.error ? <Failure error={start.error} /> : null}
      <Table<Program>
        header={<Header variant="h2">Published programs</Header>}
        ariaLabels={{ tableLabel: 'Published programs' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading releases …"
        items={answer.data?.programs ?? []}
        trackBy={({ product, platform, version }) => `${product} ${platform} ${version}`}
        empty={
          <EmptyState title="Nothing was published yet">
            <p>“vedette release init” begins a repository; docs/releases.md tells the rest.</p>
          </EmptyState>
        }
        columnDefinitions={[
          { id: 'version', header: 'Version', isRowHeader: true, cell: (item) => item.version },
          { id: 'product', header: 'Product', cell: (item) => item.product },
          { id: 'platform', header: 'Platform', cell: (item) => item.platform },
          { id: 'bytes', header: 'Whole', cell: (item) => formatBytes(item.bytes) },
          {
            id: 'delta',
            header: 'Smallest delta',
            cell: (item) => (item.deltaBytes === null ? '–' : formatBytes(item.deltaBytes)),
          },
          { id: 'released', header: 'Released', cell: (item) => <Ago at={item.releasedAt} /> },
          {
            id: 'action',
            header: 'Action',
            cell: ({ product, version, platform }) =>
              product === 'agent' ? (
                <Button
                  variant="inline-link"
                  ariaLabel={`Roll out ${version} for ${platform}`}
                  loading={start.isPending && start.variables === version}
                  onClick={() => start.mutate(version)}
                >
                  Roll out
                </Button>
              ) : null,
          },
        ]}
      />
    </>
  );
}
