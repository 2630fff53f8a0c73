import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints, type RiskCause } from '@vedette/protocol';
import { useState } from 'react';
import { useApi } from '../../api/use-api.ts';
import { changesQuery } from '../../components/figure-queries.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatShare, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';

const causes: Readonly<Record<RiskCause, string>> = {
  found: 'found since',
  gone: 'gone since',
  excepted: 'now under an exception',
  'exception-over': 'no longer under an exception',
  knowledge: 'known to be worse or milder',
  tags: 'on assets with other tags',
};

/** The detections that a cause is about. */
function causeQuery(cause: RiskCause, check: number, since: string): string {
  if (cause === 'found') return `check:${check} and not openAt:${since}`;
  if (cause === 'gone') return changesQuery('fixed', { from: since, to: undefined }, [`check:${check}`]);
  return cause === 'excepted' ? `check:${check} and exception:true` : `check:${check} and openAt:${since}`;
}

/** What moved the risk of the fleet in a week. */
export function RiskChanges() {
  const [since] = useState(() => new Date(Date.now() - 7 * 24 * 3600 * 1000).toISOString());
  const answer = useApi(endpoints.getRiskChanges, { query: { since } });
  const { data } = answer;
  return (
    <Container
      header={
        <Header variant="h2" description={data ? `Risk of the fleet: ${data.before} a week ago, ${data.now} now` : undefined}>
          What changed in a week
        </Header>
      }
    >
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {!data && !answer.error ? <Loading what="the changes" /> : null}
      {data?.checks.length === 0 ? <EmptyState title="Nothing moved the risk" /> : null}
      <ol className="ranking">
        {data?.checks.map((one) => (
          <li key={`${one.check} ${one.cause}`}>
            <AppLink to={paths.check(one.check)}>{one.name}</AppLink>
            <span className="ranking-effect">
              <span className="quiet">
                <AppLink to={paths.detections({ query: causeQuery(one.cause, one.check, since) })}>
                  {plural(one.detections, 'detection')}
                </AppLink>{' '}
                {causes[one.cause]}
              </span>
              <span>{one.share > 0 ? `+${formatShare(one.share)}` : `−${formatShare(-one.share)}`}</span>
            </span>
          </li>
        ))}
      </ol>
    </Container>
  );
}
