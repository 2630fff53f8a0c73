import Header from '@cloudscape-design/components/header';
import Button from '@cloudscape-design/components/button';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { ReleaseNotice } from '../../components/ReleaseNotice.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatBytes } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
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

const columns: readonly Column<Program>[] = [
  { id: 'version', header: 'Version', text: ({ version }) => version, cell: ({ version }) => version },
  { id: 'product', header: 'Product', text: ({ product }) => product, cell: ({ product }) => product },
  { id: 'platform', header: 'Platform', text: ({ platform }) => platform, cell: ({ platform }) => platform },
  { id: 'bytes', header: 'Whole', isHighestFirst: true, text: ({ bytes }) => bytes, cell: ({ bytes }) => formatBytes(bytes) },
  {
    id: 'delta',
    header: 'Smallest delta',
    isHighestFirst: true,
    text: ({ deltaBytes }) => deltaBytes,
    cell: ({ deltaBytes }) => (deltaBytes === null ? '–' : formatBytes(deltaBytes)),
  },
  {
    id: 'released',
    header: 'Released',
    isHighestFirst: true,
    text: ({ releasedAt }) => releasedAt,
    cell: ({ releasedAt }) => <Ago at={releasedAt} />,
  },
];

function Published() {
  const answer = useApi(endpoints.getReleaseRepository, {});
  const queries = useQueryClient();
  const start = useMutation({
    mutationFn: (version: string) => call(endpoints.startRollout, { body: { version } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listRollouts) }),
  });
  const may = useMay();
  const rollOut = ({ product, version, platform }: Program) =>
    product === 'agent' ? (
      <Button
        variant="inline-link"
        ariaLabel={`Roll out ${version} for ${platform}`}
        loading={start.isPending && start.variables === version}
        onClick={() => start.mutate(version)}
      >
        Roll out
      </Button>
    ) : (
      '–'
    );
  return (
    <>
      {start.error ? <Failure error={start.error} /> : null}
      <WholeTable
        title="Published programs"
        noun="programs"
        scope="program"
        columns={columns}
        keyOf={({ product, platform, version }) => `${product} ${platform} ${version}`}
        answer={{ ...answer, data: answer.data && { items: answer.data.programs } }}
        rowActions={may('release:write') ? rollOut : undefined}
        empty={
          <EmptyState title="Nothing was published yet">
            <p>“vedette release init” begins a repository; docs/releases.md tells the rest.</p>
          </EmptyState>
        }
      />
    </>
  );
}
