import Badge from '@cloudscape-design/components/badge';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Table from '@cloudscape-design/components/table';
import { useParams } from '@tanstack/react-router';
import { type Check, endpoints, type RecordOrigin } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Version } from '../../components/detection-columns.tsx';
import { DetectionList } from '../../components/DetectionList.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { Severity } from '../../components/Severity.tsx';
import { useExplainPanel } from '../../components/use-explain-panel.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatShare, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';
import { useTitle } from '../../ui/use-title.ts';

export function CheckPage() {
  const { number } = useParams({ strict: false });
  const answer = useApi(endpoints.getCheck, { params: { number } });
  const name = answer.data?.check.name ?? `Check ${number}`;
  const { panel, key, explain } = useExplainPanel({ check: Number(number) });
  useTitle(name);
  useFrame(
    {
      trail: [
        ['Checks', paths.checks()],
        [name, ''],
      ],
      panel,
    },
    `${name} ${key}`,
  );
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  if (!answer.data) return <Loading what="the check" />;
  const { check, openAssets, origins } = answer.data;
  return (
    <div className="stack">
      <Header variant="h1" description={`Check ${check.number}, open on ${plural(openAssets, 'asset')}`}>
        <span className="check-name">
          {check.name} <Severity level={check.severity} />
          {check.kevSince === null ? null : <Badge color="red">exploited since {check.kevSince}</Badge>}
        </span>
      </Header>
      <Facts check={check} />
      <DetectionList
        title="Assets affected"
        check={check.number}
        explaining={panel !== null}
        onExplain={explain}
        empty={<EmptyState title="Found on no asset">With the status filter you can also see where it was fixed.</EmptyState>}
      />
      <Statements check={check} />
      {check.cvss.length > 0 ? <Scores check={check} /> : null}
      <Origins origins={origins} />
    </div>
  );
}

function Facts({ check }: { check: Check }) {
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Severity because of', value: check.severityRule },
          { label: 'Published', value: check.published ?? '–' },
          { label: 'Known exploited', value: check.kevSince === null ? 'not listed by CISA' : `since ${check.kevSince}` },
          {
            label: 'EPSS: exploitation within 30 days',
            value: check.epss
              ? `${formatShare(check.epss.score)} (more than ${Math.floor(check.epss.percentile * 100)} % of all), ${check.epss.date}`
              : '–',
          },
          { label: 'Weakness', value: check.cwe.join(', ') || '–' },
          { label: 'Advisories', value: <span className="breakable">{check.aliases.join(', ') || '–'}</span> },
          { label: 'Fix', value: check.patchable ? 'available' : 'none yet' },
          { label: 'Confidence', value: check.confidence },
        ]}
      />
    </Container>
  );
}

const says = { fixed: 'fixed', affected: 'affected, no fix yet', 'not-affected': 'not affected' };

function Statements({ check }: { check: Check }) {
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${check.affected.length})`} description="What the authorities say of each release">
          Statements
        </Header>
      }
      ariaLabels={{ tableLabel: 'Statements' }}
      wrapLines
      contentDensity="compact"
      items={check.affected}
      trackBy={(item) => `${item.advisory} ${item.release} ${item.package} ${item.fixed}`}
      empty={<EmptyState title="No statement" />}
      columnDefinitions={[
        { id: 'release', header: 'Release', isRowHeader: true, cell: (item) => `${item.ecosystem} ${item.release}` },
        { id: 'package', header: 'Source package', cell: (item) => item.package },
        { id: 'status', header: 'Status', minWidth: 110, cell: (item) => says[item.status] },
        { id: 'from', header: 'From version', minWidth: 110, cell: (item) => <Version text={item.introduced} none="all" /> },
        { id: 'fixed', header: 'Fixed in', minWidth: 130, cell: (item) => <Version text={item.fixed} /> },
        {
          id: 'advisory',
          header: 'Advisory',
          minWidth: 170,
          cell: (item) => (
            <>
              <span className="breakable">{item.advisory}</span>
              <span className="under">
                {item.feed}, {item.published ?? 'no date'}
              </span>
            </>
          ),
        },
      ]}
    />
  );
}

function Scores({ check }: { check: Check }) {
  return (
    <Table
      header={<Header variant="h2">Scores</Header>}
      ariaLabels={{ tableLabel: 'Scores' }}
      wrapLines
      contentDensity="compact"
      items={check.cvss}
      trackBy={(item) => `${item.source} ${item.vector}`}
      columnDefinitions={[
        { id: 'score', header: 'Score', isRowHeader: true, cell: (item) => item.score.toFixed(1) },
        { id: 'version', header: 'CVSS', cell: (item) => item.version },
        { id: 'vector', header: 'Vector', cell: (item) => <code>{item.vector}</code> },
        { id: 'source', header: 'Scored by', cell: (item) => item.source },
      ]}
    />
  );
}

function Origins({ origins }: { origins: readonly RecordOrigin[] }) {
  return (
    <Table
      header={
        <Header variant="h2" description="The files that this check was made from">
          Origins
        </Header>
      }
      ariaLabels={{ tableLabel: 'Origins' }}
      wrapLines
      contentDensity="compact"
      items={origins}
      trackBy={(item) => `${item.feed} ${item.sha256}`}
      empty={<EmptyState title="No origin recorded" />}
      columnDefinitions={[
        { id: 'feed', header: 'Feed', isRowHeader: true, cell: (item) => item.feed },
        { id: 'location', header: 'Location', minWidth: 260, cell: (item) => <span className="breakable">{item.location}</span> },
        { id: 'retrieved', header: 'Retrieved', cell: (item) => <Ago at={item.retrievedAt} /> },
        {
          id: 'sha256',
          header: 'SHA-256',
          minWidth: 150,
          cell: (item) => <code title={item.sha256}>{item.sha256.slice(0, 12)}…</code>,
        },
      ]}
    />
  );
}
