import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { endpoints, type FactName } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Version } from '../../components/detection-columns.tsx';
import { Ago } from '../../ui/Ago.tsx';
import { formatBytes, formatCount, plural } from '../../ui/format.ts';
import type { AssetDetail } from './AssetPage.tsx';
import { Consumption } from './Consumption.tsx';
import { type Row, textOf } from './fact-tables.tsx';

function useRows(assetId: string, collector: FactName): readonly Row[] {
  // A collector that has reported nothing leaves a gap in the summary, not an error.
  return useApi(endpoints.listFacts, { params: { assetId, collector }, query: { limit: 100 } }).data?.items ?? [];
}

export function SummaryTab({ detail }: { detail: AssetDetail }) {
  const { asset, agent } = detail;
  const os = useRows(asset.assetId, 'os')[0] ?? {};
  const hardware = useRows(asset.assetId, 'hardware')[0] ?? {};
  const kernels = useRows(asset.assetId, 'kernel');
  const restart = useRows(asset.assetId, 'restart');
  const bootedAt = textOf(hardware['bootedAt']);
  return (
    <div className="stack">
      <Restart rows={restart} />
      {asset.unassessed > 0 ? (
        <Alert type="info" statusIconAriaLabel="Information">
          {plural(asset.unassessed, 'package')} could not be assessed: no authority is known for their release. They are not
          counted as clean.
        </Alert>
      ) : null}
      <div className="columns even">
        <Container fitHeight header={<Header variant="h2">System</Header>}>
          <KeyValuePairs
            columns={2}
            items={[
              { label: 'Operating system', value: asset.os || '–' },
              { label: 'Release', value: asset.release || '–' },
              { label: 'Host name', value: textOf(os['hostname']) || asset.hostname },
              { label: 'Architecture', value: asset.architecture || '–' },
              { label: 'Packages', value: formatCount(asset.packages) },
              { label: 'Started', value: bootedAt ? <Ago at={bootedAt} /> : '–' },
              { label: 'First seen', value: <Ago at={asset.firstSeen} /> },
              { label: 'Last scan', value: <Ago at={asset.lastScan} /> },
            ]}
          />
        </Container>
        <Hardware row={hardware} />
        <Container fitHeight header={<Header variant="h2">Kernels</Header>}>
          <ul className="plain">
            {kernels.map((kernel) => (
              <li key={`${textOf(kernel['release'])} ${textOf(kernel['running'])}`}>
                <Version text={textOf(kernel['release'])} />{' '}
                {kernel['running'] === true ? <strong>running</strong> : <span className="quiet">installed</span>}
              </li>
            ))}
            {kernels.length === 0 ? <li className="quiet">none reported</li> : null}
          </ul>
        </Container>
        <Container fitHeight header={<Header variant="h2">Agent</Header>}>
          {agent ? <Consumption agent={agent} /> : <span className="quiet">no agent</span>}
        </Container>
      </div>
    </div>
  );
}

function Hardware({ row }: { row: Row }) {
  const memory = row['memoryBytes'];
  return (
    <Container fitHeight header={<Header variant="h2">Hardware</Header>}>
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Processor', value: textOf(row['cpuModel']) || '–' },
          { label: 'Cores', value: textOf(row['cpuCount']) || '–' },
          { label: 'Memory', value: typeof memory === 'number' ? formatBytes(memory) : '–' },
          { label: 'Virtualisation', value: textOf(row['virtualization']) || 'none seen' },
          { label: 'Maker', value: [row['vendor'], row['product']].map(textOf).filter(Boolean).join(' ') || '–' },
          { label: 'Firmware', value: textOf(row['biosVersion']) || '–' },
        ]}
      />
    </Container>
  );
}

const reasons: Readonly<Record<string, string>> = {
  flag: 'A package asked for a restart',
  kernel: 'A newer kernel is installed than runs',
  process: 'A process uses libraries that were replaced',
};

function Restart({ rows }: { rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    <Alert type="warning" statusIconAriaLabel="Warning" header="A restart is pending">
      <ul className="plain">
        {rows.map((row) => (
          <li key={`${textOf(row['kind'])} ${textOf(row['subject'])}`}>
            {reasons[textOf(row['kind'])] ?? 'Reason'}: <code>{textOf(row['subject'])}</code>{' '}
            <span className="quiet">{textOf(row['detail'])}</span>
          </li>
        ))}
      </ul>
    </Alert>
  );
}
