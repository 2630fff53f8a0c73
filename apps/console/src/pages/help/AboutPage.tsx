import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import { type About, endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { Logo } from '../../components/Logo.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { plural } from '../../ui/format.ts';
import { Loading } from '../../ui/Loading.tsx';
import { useTitle } from '../../ui/use-title.ts';

export function AboutPage() {
  useTitle('About');
  useFrame(
    {
      trail: [
        ['Help', '/help/about'],
        ['About', ''],
      ],
    },
    'about',
  );
  const answer = useApi(endpoints.getAbout, {});
  const { data } = answer;
  return (
    <div className="stack">
      <Header variant="h1">About</Header>
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {data ? (
        <Container>
          <div className="about">
            <Logo size={56} />
            <KeyValuePairs
              columns={3}
              items={[
                { label: 'Vedette', value: data.version },
                { label: 'Platform address', value: data.platformUrl },
                {
                  label: 'CDN addresses',
                  value: <CdnAddresses />,
                },
                { label: 'Running since', value: <Ago at={data.startedAt} /> },
                {
                  label: 'Agents',
                  value: <AgentVersions versions={data.agentVersions} />,
                },
                {
                  label: 'Agent packages',
                  value: data.agentPackages.map(({ name }) => name).join(', ') || 'none built (npm run package)',
                },
                { label: 'PostgreSQL', value: data.postgres },
                { label: 'Node.js', value: data.node },
                { label: 'Licence', value: data.license },
              ]}
            />
          </div>
        </Container>
      ) : answer.error ? null : (
        <Loading what="the versions" />
      )}
    </div>
  );
}

function AgentVersions({ versions }: { versions: About['agentVersions'] }) {
  if (versions.length === 0) return <>none</>;
  return versions.map(({ version, agents }) => (
    <div key={version}>
      {version}: <AppLink to={paths.assets({ query: `agentVersion:"${version}"` })}>{plural(agents, 'agent')}</AppLink>
    </div>
  ));
}

/** Hosts of the content delivery network, by region. */
function CdnAddresses() {
  const { data } = useApi(endpoints.getPlatformIdentification, {});
  const listed =
    data?.regions.flatMap(({ title, origins }) => (origins.length > 0 ? [`${title}: ${origins.join(', ')}`] : [])) ?? [];
  return (
    <>
      {listed.length > 0 ? listed.map((line) => <div key={line}>{line}</div>) : 'none'}{' '}
      <AppLink to={paths.platform()}>What to allow</AppLink>
    </>
  );
}
