import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { agentStates, type Dashboard, endpoints } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { Failure } from '../ui/Failure.tsx';
import { formatCount, plural } from '../ui/format.ts';
import { Loading } from '../ui/Loading.tsx';

const shownVersions = 4;

/** Which agents are not heard of, and which versions of the agent there are. */
export function AgentHealth({ data: { assets, unheard } }: { data: Dashboard }) {
  const may = useMay();
  const about = useApi(endpoints.getAbout, {});
  const versions = (about.data?.agentVersions ?? []).toSorted((one, other) => other.agents - one.agents);
  const heard = assets - unheard.silent - unheard.stale - unheard.archived;
  return (
    <Container
      fitHeight
      header={
        <Header
          variant="h2"
          description={`${formatCount(heard)} of ${plural(assets, 'agent')} are heard of`}
          actions={may('release:read') ? <AppLink to={paths.releases()}>Upgrades</AppLink> : undefined}
        >
          Agent health
        </Header>
      }
    >
      <ul className="ranking">
        {(['silent', 'stale', 'archived'] as const).map((state) => (
          <li key={state}>
            <span title={agentStates[state].describes}>{state}</span>
            <AppLink to={paths.assets({ query: `state:${state}` })} ariaLabel={`${plural(unheard[state], 'asset')} ${state}`}>
              {formatCount(unheard[state])}
            </AppLink>
          </li>
        ))}
      </ul>
      <h3 className="small-heading">Versions</h3>
      {about.error ? <Failure error={about.error} retry={about.refetch} /> : null}
      {about.data || about.error ? null : <Loading what="the versions" />}
      <ul className="ranking">
        {versions.slice(0, shownVersions).map(({ version, agents }) => (
          <li key={version}>
            <span>{version || 'not told yet'}</span>
            <AppLink
              to={paths.assets({ query: `agentVersion:"${version}"` })}
              ariaLabel={`${plural(agents, 'agent')} ${version}`}
            >
              {formatCount(agents)}
            </AppLink>
          </li>
        ))}
      </ul>
    </Container>
  );
}
