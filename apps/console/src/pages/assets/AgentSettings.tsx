import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { type AssetId, type AssetSettings, type EffectiveSetting, endpoints, writeSettingValue } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';

const states = {
  applied: ['success', 'taken by the agent'],
  pending: ['pending', 'not taken by the agent yet'],
  unreported: ['info', 'this version of the agent does not say whether it has taken them'],
} as const;

/** Which settings are in force on an agent, where each comes from, and whether the agent has taken them. */
export function AgentSettings({ assetId }: { assetId: AssetId }) {
  const answer = useApi(endpoints.getAssetSettings, { params: { assetId } }, { refetchInterval: 10_000 });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  return (
    <Table
      header={
        <Header variant="h2" description={answer.data ? <State state={answer.data.state} /> : undefined}>
          Settings
        </Header>
      }
      ariaLabels={{ tableLabel: 'Settings' }}
      wrapLines
      contentDensity="compact"
      loading={answer.isPending}
      loadingText="Loading settings …"
      items={answer.data ? [...answer.data.settings, ...answer.data.upgrades] : []}
      trackBy="name"
      columnDefinitions={[
        { id: 'name', header: 'Setting', isRowHeader: true, cell: (item) => item.name },
        { id: 'value', header: 'Value', cell: (item) => writeSettingValue(item.value) },
        { id: 'origin', header: 'From', cell: (item) => <Origin origin={item.origin} /> },
        { id: 'remark', header: 'Instead of', cell: (item) => <Remark setting={item} /> },
      ]}
    />
  );
}

function State({ state }: Pick<AssetSettings, 'state'>) {
  const [type, text] = states[state];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

function Origin({ origin: { kind, name } }: { origin: EffectiveSetting['origin'] }) {
  if (kind === 'default') return <span className="quiet">default</span>;
  if (kind === 'host') return 'the file of the host';
  if (kind === 'rule') return <AppLink to={paths.releases()}>{`release rule ${name}`}</AppLink>;
  return <AppLink to={paths.profiles()}>{`profile “${name}”`}</AppLink>;
}

function Remark({ setting: { overridden, refused } }: { setting: EffectiveSetting }) {
  return (
    <>
      {refused === null ? null : <StatusIndicator type="warning">{`refused by the agent: ${refused}`}</StatusIndicator>}
      {overridden.map(({ value, origin }) => (
        <div key={`${origin.kind} ${origin.name}`}>
          {writeSettingValue(value)} of <Origin origin={origin} />
        </div>
      ))}
    </>
  );
}
