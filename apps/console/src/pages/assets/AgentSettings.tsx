import StatusIndicator from '@cloudscape-design/components/status-indicator';
import {
  type AssetId,
  type AssetSettings,
  type EffectiveSetting,
  endpoints,
  settingLabel,
  settingUnit,
  writeSettingValue,
} from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';

const states = {
  applied: ['success', 'taken by the agent'],
  pending: ['pending', 'not taken by the agent yet'],
  unreported: ['info', 'this version of the agent does not say whether it has taken them'],
} as const;

/** Which settings are in force on an agent, where each comes from, and whether the agent has taken them. */
export function AgentSettings({ assetId }: { assetId: AssetId }) {
  const answer = useApi(endpoints.getAssetSettings, { params: { assetId } }, { refetchInterval: 10_000 });
  return (
    <WholeTable
      title="Settings"
      noun="settings"
      scope="setting"
      description={answer.data ? <State state={answer.data.state} /> : undefined}
      columns={columns}
      keyOf={({ name }) => name}
      answer={{ ...answer, data: answer.data && { items: [...answer.data.settings, ...answer.data.upgrades] } }}
      empty={null}
    />
  );
}

const columns: readonly Column<EffectiveSetting>[] = [
  {
    id: 'name',
    header: 'Setting',
    text: ({ name }) => `${settingLabel(name)} (${name})`,
    cell: ({ name }) => (
      <>
        {settingLabel(name)}
        <code className="under">{name}</code>
      </>
    ),
  },
  {
    id: 'value',
    header: 'Value',
    text: ({ value }) => writeSettingValue(value),
    cell: ({ name, value }) => [writeSettingValue(value), settingUnit(name)].filter(Boolean).join(' '),
  },
  { id: 'origin', header: 'From', text: ({ origin }) => wordsOf(origin), cell: ({ origin }) => <Origin origin={origin} /> },
  {
    id: 'remark',
    header: 'Instead of',
    text: ({ refused, overridden }) =>
      [refused, ...overridden.map(({ value, origin }) => `${writeSettingValue(value)} of ${wordsOf(origin)}`)]
        .filter((one) => one !== null)
        .join('; '),
    cell: (item) => <Remark setting={item} />,
  },
];

function State({ state }: Pick<AssetSettings, 'state'>) {
  const [type, text] = states[state];
  return <StatusIndicator type={type}>{text}</StatusIndicator>;
}

function wordsOf({ kind, name }: EffectiveSetting['origin']): string {
  if (kind === 'default') return 'default';
  if (kind === 'host') return 'the file of the host';
  return kind === 'rule' ? `release rule ${name}` : `profile “${name}”`;
}

function Origin({ origin }: { origin: EffectiveSetting['origin'] }) {
  const { kind } = origin;
  const words = wordsOf(origin);
  if (kind === 'default') return <span className="quiet">{words}</span>;
  if (kind === 'host') return words;
  return <AppLink to={kind === 'rule' ? paths.releases() : paths.profiles()}>{words}</AppLink>;
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
