import Badge from '@cloudscape-design/components/badge';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import { useParams } from '@tanstack/react-router';
import { type Check, endpoints, type RecordOrigin, type Reference } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { DetectionList } from '../../components/DetectionList.tsx';
import { useFrame } from '../../components/frame-state.ts';
import { PostureAdvice } from '../../components/PostureAdvice.tsx';
import { Severity } from '../../components/Severity.tsx';
import { useExplainPanel } from '../../components/use-explain-panel.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatShare, plural } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { safeLink } from '../../ui/safe-link.ts';
import { useTitle } from '../../ui/use-title.ts';
import { answerWith } from '../../ui/whole-list.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { CheckChanges } from './CheckChanges.tsx';
import { CheckStatements } from './CheckStatements.tsx';

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
  if (answer.error)
    return (
      <div className="stack">
        <Header variant="h1">Check</Header>
        <Failure error={answer.error} retry={answer.refetch} />
      </div>
    );
  if (!answer.data) return <Loading what="the check" />;
  const { check, openAssets, origins, references, firstSeen, lastChanged, changes } = answer.data;
  return (
    <div className="stack">
      <Header
        variant="h1"
        description={
          <>
            Check {check.number}, open on{' '}
            <AppLink to={paths.detections({ query: `check:${check.number}` })}>{plural(openAssets, 'asset')}</AppLink>
          </>
        }
      >
        <span className="check-name">
          {check.name} <Severity level={check.severity} />
          {check.kevSince === null ? null : <Badge color="red">exploited since {check.kevSince}</Badge>}
        </span>
      </Header>
      {check.posture ? (
        <Container header={<Header variant="h2">{check.posture.title}</Header>}>
          <PostureAdvice posture={check.posture} withTitle={false} />
        </Container>
      ) : null}
      <Facts check={check} references={references} firstSeen={firstSeen} lastChanged={lastChanged} />
      <DetectionList
        title="Assets affected"
        check={check.number}
        explaining={panel !== null}
        onExplain={explain}
        empty={<EmptyState title="Found on no asset">With the status filter you can also see where it was fixed.</EmptyState>}
      />
      <CheckStatements statements={check.affected} />
      {check.cvss.length > 0 ? <Scores check={check} /> : null}
      <CheckChanges changes={changes} />
      <Origins origins={origins} />
    </div>
  );
}

interface FactsProps {
  readonly check: Check;
  readonly references: readonly Reference[];
  readonly firstSeen: string;
  readonly lastChanged: string;
}

function Facts({ check, references, firstSeen, lastChanged }: FactsProps) {
  return (
    <Container header={<Header variant="h2">Summary</Header>}>
      <KeyValuePairs
        columns={4}
        items={[
          { label: 'Severity because of', value: check.severityRule },
          { label: 'Confidence', value: check.confidence },
          { label: 'Fix', value: check.patchable ? 'available' : 'none yet' },
          { label: 'Known exploited', value: check.kevSince === null ? 'not listed by CISA' : `since ${check.kevSince}` },
          {
            label: 'EPSS: exploitation within 30 days',
            value: check.epss
              ? `${formatShare(check.epss.score)} (more than ${Math.floor(check.epss.percentile * 100)} % of all), ${check.epss.date}`
              : '–',
          },
          {
            label: 'SSVC: exploitation, automatable, impact',
            value: check.ssvc
              ? `${check.ssvc.exploitation}, ${check.ssvc.automatable ? 'yes' : 'no'}, ${check.ssvc.technicalImpact} (${check.ssvc.date})`
              : '–',
          },
          { label: 'Weakness', value: <Weaknesses names={check.cwe} /> },
          { label: 'Published', value: check.published ?? '–' },
          { label: 'Modified by its authorities', value: check.modified ?? '–' },
          { label: 'First seen by this platform', value: <Ago at={firstSeen} /> },
          { label: 'Last changed on this platform', value: <Ago at={lastChanged} /> },
          { label: 'Also known as', value: <span className="breakable">{check.aliases.join(', ') || '–'}</span> },
          { label: 'References', value: <References references={references} /> },
        ]}
      />
    </Container>
  );
}

function Weaknesses({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <>–</>;
  return names.map((name, index) => {
    const number = /^CWE-(\d{1,5})$/.exec(name)?.[1];
    return (
      <span key={name}>
        {index > 0 ? ', ' : null}
        {number ? <External address={`https://cwe.mitre.org/data/definitions/${number}.html`} text={name} /> : name}
      </span>
    );
  });
}

function References({ references }: { references: readonly Reference[] }) {
  if (references.length === 0) return <>–</>;
  return (
    <>
      {references.map(({ name, url }) => (
        <div key={url}>
          <External address={url} text={name} />
        </div>
      ))}
    </>
  );
}

function External({ address, text }: { address: string; text: string }) {
  const link = safeLink(address);
  return link === null ? (
    <>{text}</>
  ) : (
    <Link href={link} external>
      {text}
    </Link>
  );
}

const scoreColumns: readonly Column<Check['cvss'][number]>[] = [
  { id: 'score', header: 'Score', isHighestFirst: true, text: ({ score }) => score, cell: ({ score }) => score.toFixed(1) },
  { id: 'version', header: 'CVSS', text: ({ version }) => version, cell: ({ version }) => version },
  {
    id: 'vector',
    header: 'Vector',
    text: ({ vector }) => vector,
    cell: ({ vector }) => <code className="breakable">{vector}</code>,
  },
  { id: 'source', header: 'Scored by', text: ({ source }) => source, cell: ({ source }) => source },
];

function Scores({ check }: { check: Check }) {
  return (
    <WholeTable
      title="Scores"
      noun="scores"
      scope="score"
      columns={scoreColumns}
      keyOf={(item) => `${item.source} ${item.vector}`}
      answer={answerWith(check.cvss)}
      empty={null}
    />
  );
}

const originColumns: readonly Column<RecordOrigin>[] = [
  { id: 'feed', header: 'Feed', text: ({ feed }) => feed, cell: ({ feed }) => feed },
  {
    id: 'location',
    header: 'Location',
    minWidth: 260,
    text: ({ location }) => location,
    cell: ({ location }) => <span className="breakable">{location}</span>,
  },
  {
    id: 'retrieved',
    header: 'Retrieved',
    isHighestFirst: true,
    text: ({ retrievedAt }) => retrievedAt,
    cell: ({ retrievedAt }) => <Ago at={retrievedAt} />,
  },
  {
    id: 'sha256',
    header: 'SHA-256',
    minWidth: 150,
    text: ({ sha256 }) => sha256,
    cell: ({ sha256 }) => <code title={sha256}>{sha256.slice(0, 12)}…</code>,
  },
];

function Origins({ origins }: { origins: readonly RecordOrigin[] }) {
  return (
    <WholeTable
      title="Origins"
      noun="origins"
      scope="origin"
      description="The files that this check was made from"
      columns={originColumns}
      keyOf={(item) => `${item.feed} ${item.sha256}`}
      answer={answerWith(origins)}
      empty={<EmptyState title="No origin recorded" />}
    />
  );
}
