import ExpandableSection from '@cloudscape-design/components/expandable-section';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { Fragment } from 'react';
import { endpoints, PostureOutcome, type PostureResult } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { Version } from '../../components/detection-columns.tsx';
import { PostureAdvice } from '../../components/PostureAdvice.tsx';
import { Severity } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { useAsOf } from '../../components/time-travel.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';

const shown: Record<PostureOutcome, readonly [label: string, type: StatusIndicatorProps.Type]> = {
  failed: ['failed', 'error'],
  unassessed: ['could not be read', 'warning'],
  unread: ['not read yet', 'pending'],
  passed: ['passed', 'success'],
  'not-applicable': ['does not apply', 'stopped'],
};

const columns: readonly Column<PostureResult>[] = [
  {
    id: 'check',
    header: 'Check',
    minWidth: 240,
    text: ({ name, title }) => `${name} ${title}`,
    cell: (item) => <Check result={item} />,
  },
  {
    id: 'outcome',
    header: 'Outcome',
    minWidth: 190,
    text: ({ outcome }) => shown[outcome][0],
    cell: ({ outcome }) => <Outcome outcome={outcome} />,
  },
  {
    id: 'severity',
    header: 'Severity',
    isHighestFirst: true,
    minWidth: 98,
    text: ({ severity }) => severity,
    cell: ({ severity }) => <Severity level={severity} />,
  },
  {
    id: 'evidence',
    header: 'What was read',
    minWidth: 290,
    text: ({ evidence }) => evidence.map(({ subject, value }) => `${subject} ${value ?? ''}`).join('; '),
    cell: (item) => <Evidence result={item} />,
  },
];

/** What every posture check finds on one asset, with what was read and how to fix it. */
export function PostureTab({ assetId }: { assetId: string }) {
  const answer = useApi(endpoints.getPosture, { params: { assetId }, query: { asOf: useAsOf() } }, { refetchInterval: 30_000 });
  const counts = answer.data?.counts;
  return (
    <WholeTable
      title="Posture"
      noun="posture checks"
      description={
        counts
          ? PostureOutcome.options.map((outcome, at) => (
              <Fragment key={outcome}>
                {at > 0 ? ', ' : ''}
                <AppLink to={paths.asset(assetId, 'posture', { search: shown[outcome][0] })}>{counts[outcome]}</AppLink>{' '}
                {shown[outcome][0]}
              </Fragment>
            ))
          : undefined
      }
      columns={columns}
      keyOf={({ name }) => name}
      answer={{ ...answer, data: answer.data && { items: answer.data.checks } }}
      empty={<EmptyState title="There are no posture checks">The platform has no content for them.</EmptyState>}
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
