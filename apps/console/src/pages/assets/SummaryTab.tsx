import Alert from '@cloudscape-design/components/alert';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { endpoints, type FactName } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Version } from '../../components/detection-columns.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { formatBytes, formatCount, plural } from '../../ui/format.ts';
import type { AssetDetail } from './AssetPage.tsx';
import { AssetTags } from './AssetTags.tsx';
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
          <AppLink to={paths.asset(asset.assetId, 'software')}>{plural(asset.unassessed, 'package')}</AppLink> could not be
          assessed: no authority is known for their release. They are not counted as clean.
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
              {
                label: 'Packages',
                value: <AppLink to={paths.asset(asset.assetId, 'software')}>{formatCount(asset.packages)}</AppLink>,
              },
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
                {kernel['running'] === true ? <strong>running</strong> : <span className="quiet">installed</span>}{' '}
                <span className="quiet">{textOf(kernel['version'])}</span>
              </li>
            ))}
            {kernels.length === 0 ? <li className="quiet">The agent has not reported any yet.</li> : null}
          </ul>
          <ForeignKernel kernels={kernels} />
        </Container>
        <Container fitHeight header={<Header variant="h2">Agent</Header>}>
          {agent ? <Consumption agent={agent} /> : <span className="quiet">no agent</span>}
        </Container>
        <AssetTags assetId={asset.assetId} />
      </div>
    </div>
  );
}

/** A running kernel that no package brought, as in containers and small virtual machines, is covered by no advisory. */
function ForeignKernel({ kernels }: { kernels: readonly Row[] }) {
  const running = kernels.find((kernel) => kernel['running'] === true);
  if (!running || textOf(running['version']) !== '') return null;
  return (
    <p className="quiet">
      The running kernel states no version of a package of this system, as in containers and some virtual machines: what is known
      about the distribution’s kernels says nothing about it.
    </p>
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

/** More names help nobody; all paths stand in the title. */
const shownLibraries = 4;

function RestartReason({ row }: { row: Row }) {
  const subject = <code>{textOf(row['subject'])}</code>;
  const detail = textOf(row['detail']);
  if (row['kind'] === 'kernel') {
    return (
      <>
        The kernel {subject} is installed, <code>{detail}</code> still runs.
      </>
    );
  }
  if (row['kind'] !== 'process') {
    return <>A package asked for a restart: {detail ? <code>{detail}</code> : subject}</>;
  }
  const count = typeof row['processes'] === 'number' && row['processes'] > 1 ? ` in ${row['processes']} processes` : '';
  const own = detail === textOf(row['subject']);
  const files = detail.split(', ').map((path) => path.slice(path.lastIndexOf('/') + 1));
  return (
    <>
      {subject} runs{count} {own ? 'although its own program file was replaced.' : 'with libraries that were replaced: '}
      {own ? null : (
        <span className="quiet breakable" title={detail}>
          {files.slice(0, shownLibraries).join(', ')}
          {files.length > shownLibraries ? ` and ${files.length - shownLibraries} more` : ''}
        </span>
      )}
    </>
  );
}

function Restart({ rows }: { rows: readonly Row[] }) {
  if (rows.length === 0) return null;
  return (
    <Alert type="warning" statusIconAriaLabel="Warning" header="A restart is pending">
      <ul className="plain">
        {rows.map((row) => (
          <li key={`${textOf(row['kind'])} ${textOf(row['subject'])}`}>
            <RestartReason row={row} />
          </li>
        ))}
      </ul>
    </Alert>
  );
}
