import Alert from '@cloudscape-design/components/alert';
import { endpoints, type ReleaseRole } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { formatMoment } from '../ui/format.ts';

/** Says which signed metadata expires soon, and what to do; nothing while there is time. */
export function ReleaseNotice() {
  const { data } = useApi(endpoints.getReleaseRepository, {});
  if (!data) return null;
  const near = data.roles.filter(({ level }) => level !== 'ok');
  if (near.length === 0 && data.problem === null) return null;
  const isUrgent = near.some(({ level }) => level === 'critical' || level === 'expired');
  return (
    <Alert
      type={isUrgent || data.problem !== null ? 'error' : 'warning'}
      header={data.problem === null ? 'Signed release metadata expires soon' : 'The platform cannot sign release metadata'}
      statusIconAriaLabel={isUrgent ? 'Error' : 'Warning'}
    >
      {data.problem === null ? null : <p>{data.problem}</p>}
      <ul>
        {near.map((role) => (
          <li key={role.role}>{describe(role)}</li>
        ))}
      </ul>
      Agents go on collecting and reporting whatever happens here; they only cannot upgrade after it.
    </Alert>
  );
}

function describe({ role, expiresAt, level, online }: ReleaseRole): string {
  const when = `${level === 'expired' ? 'expired' : 'expires'} ${formatMoment(expiresAt)}`;
  return online
    ? `${role} ${when}: the platform should have signed it anew`
    : `${role} ${when}: run “vedette release renew ${role}”, sign and publish`;
}
