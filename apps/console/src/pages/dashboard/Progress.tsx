import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints, type Trends } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { ChangeChart } from '../../components/ChangeChart.tsx';
import { Severity } from '../../components/Severity.tsx';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount, formatDuration, plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';

/** Whether things get better, or did up to a moment of the past: new and fixed by day, how long a fix takes, and what is late. */
export function Progress({ asOf }: { asOf?: string }) {
  const { data, error, refetch } = useApi(endpoints.getTrends, asOf === undefined ? {} : { query: { asOf } });
  if (error) return <Failure error={error} retry={refetch} />;
  return (
    <div className="columns even">
      <Container
        header={
          <Header
            variant="h2"
            description={data ? `In ${plural(data.days.length, 'day')}` : undefined}
            actions={<AppLink to={paths.compare()}>Compare two moments</AppLink>}
          >
            New and fixed
          </Header>
        }
      >
        {data === undefined ? (
          <Loading what="what came and went" />
        ) : data.days.length > 1 ? (
          <ChangeChart days={data.days} />
        ) : (
          <EmptyState title="The trend begins tomorrow" />
        )}
      </Container>
      <Container
        header={
          <Header variant="h2" actions={<AppLink to={paths.settings()}>Deadlines</AppLink>}>
            Time to remediate
          </Header>
        }
      >
        {data ? <Remediation trends={data} /> : <Loading what="the times to remediate" />}
      </Container>
    </div>
  );
}

const dayMs = 24 * 3600 * 1000;

/** Where each detection is an event that was fixed while the trend was counted; null where it has no day yet. */
function closedPath(days: Trends['days'], severity: number): string | null {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return null;
  // A day of the trend holds what came after the last one's end, and its own end; a stretch of events begins with its first moment.
  const [from, to] = [Date.parse(first.at) - dayMs + 1, Date.parse(last.at) + 1].map((at) => new Date(at).toISOString());
  return paths.events({ query: `status:closed and severity:${severity}`, kind: 'detection', from, to });
}

function Remediation({ trends: { days, remediation, overdue } }: { trends: Trends }) {
  const late = new Map(overdue.map((one) => [one.severity, one]));
  return (
    <table className="figures">
      <thead>
        <tr>
          <th scope="col">Severity</th>
          <th scope="col">Fixed</th>
          <th scope="col">Mean time</th>
          <th scope="col">Deadline</th>
          <th scope="col">Overdue</th>
        </tr>
      </thead>
      <tbody>
        {remediation.map(({ severity, fixed, meanSeconds }) => {
          const deadline = late.get(severity);
          const closed = closedPath(days, severity);
          return (
            <tr key={severity}>
              <th scope="row">
                <Severity level={severity} />
              </th>
              <td>
                {closed === null ? (
                  formatCount(fixed)
                ) : (
                  <AppLink to={closed} ariaLabel={`${formatCount(fixed)} fixed, severity ${severity}`}>
                    {formatCount(fixed)}
                  </AppLink>
                )}
              </td>
              <td>{meanSeconds === null ? '–' : formatDuration(meanSeconds)}</td>
              <td>{deadline ? plural(deadline.days, 'day') : 'none'}</td>
              <td>
                {deadline ? (
                  <AppLink to={paths.detections({ query: deadline.query })} ariaLabel={`Overdue, severity ${severity}`}>
                    {deadline.detections === null ? 'list' : formatCount(deadline.detections)}
                  </AppLink>
                ) : (
                  '–'
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
