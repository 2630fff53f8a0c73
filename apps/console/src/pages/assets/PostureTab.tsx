import ExpandableSection from '@cloudscape-design/components/expandable-section';
import Header from '@cloudscape-design/components/header';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { endpoints, type PostureOutcome, type PostureResult } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Version } from '../../components/detection-columns.tsx';
import { PostureAdvice } from '../../components/PostureAdvice.tsx';
import { Severity } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';

const shown: Record<PostureOutcome, readonly [label: string, type: StatusIndicatorProps.Type]> = {
  failed: ['failed', 'error'],
  unassessed: ['could not be read', 'warning'],
  unread: ['not read yet', 'pending'],
  passed: ['passed', 'success'],
  'not-applicable': ['does not apply', 'stopped'],
};

/** What every posture check finds on one asset, with what was read and how to fix it. */
export function PostureTab({ assetId }: { assetId: string }) {
  const answer = useApi(endpoints.getPosture, { params: { assetId }, query: { asOf: useAsOf() } }, { refetchInterval: 30_000 });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  const counts = answer.data?.counts;
  const summary = counts
    ? `${counts.failed} failed, ${counts.passed} passed, ${counts.unassessed} could not be read, ${counts.unread} not read yet, ${counts['not-applicable']} do not apply`
    : '';
  return (
    <Table<PostureResult>
      variant="container"
      items={answer.data?.checks ?? []}
      trackBy="name"
      loading={answer.isPending}
      skeleton={{ totalRows: 4 }}
      loadingText="Loading checks …"
      contentDensity="compact"
      wrapLines
      ariaLabels={{ tableLabel: 'Posture' }}
      header={
        <Header variant="h2" description={summary}>
          Posture
        </Header>
      }
      empty={<EmptyState title="There are no posture checks">The platform has no content for them.</EmptyState>}
      columnDefinitions={[
        { id: 'outcome', header: 'Outcome', minWidth: 190, cell: (item) => <Outcome outcome={item.outcome} /> },
        { id: 'check', header: 'Check', isRowHeader: true, minWidth: 240, cell: (item) => <Check result={item} /> },
        { id: 'severity', header: 'Severity', minWidth: 98, cell: (item) => <Severity level={item.severity} /> },
        { id: 'evidence', header: 'What was read', minWidth: 290, cell: (item) => <Evidence result={item} /> },
      ]}
    />
  );
}

function Outcome({ outcome }: { outcome: PostureOutcome }) {
  const [label, type] = shown[outcome];
  return <StatusIndicator type={type}>{label}</StatusIndicator>;
}

function Check({ result }: { result: PostureResult }) {
  return (
    <>
      <AppLink to={paths.check(result.check)}>{result.name}</AppLink> {result.title}
      <ExpandableSection
        headerText="Why, and how to fix it"
        headerAriaLabel={`Why ${result.name}, and how to fix it`}
        variant="footer"
      >
        <PostureAdvice posture={result} withTitle={false} />
        <p className="quiet">Severity: {result.severityRule}</p>
      </ExpandableSection>
    </>
  );
}

const shownEvidence = 4;

/** What made the outcome; of what is as it should be only the first few. */
function Evidence({ result }: { result: PostureResult }) {
  const decisive = result.evidence.filter(({ outcome }) => outcome === result.outcome);
  const more = decisive.length - shownEvidence;
  return (
    <>
      {decisive.slice(0, shownEvidence).map((one) => (
        <div key={`${one.subject} ${one.required}`}>
          <span className="breakable">{one.subject}</span> <Version text={one.value} none="nothing yet" />
          {one.outcome === 'failed' ? <span className="under">has to be {one.required}</span> : null}
          {one.where === '' ? null : <span className="under">in {one.where}</span>}
        </div>
      ))}
      {more > 0 ? <span className="quiet">and {more} more</span> : null}
    </>
  );
}
