import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { endpoints, type PlatformIdentification } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { useTitle } from '../../ui/use-title.ts';

/** Which addresses a firewall must let through, per region, and how to check each from a machine. */
export function PlatformPage() {
  useTitle('Platform identification');
  useFrame(
    {
      trail: [
        ['Help', '/help/about'],
        ['Platform identification', ''],
      ],
    },
    'platform',
  );
  const answer = useApi(endpoints.getPlatformIdentification, {});
  const { data } = answer;
  return (
    <div className="stack">
      <Header
        variant="h1"
        description="Addresses to allow from your machines, outbound only. Programs read the same at /.well-known/vedette"
      >
        Platform identification
      </Header>
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {data ? (
        groups(data).map((group) => <Region key={group.name} {...group} />)
      ) : answer.error ? null : (
        <Loading what="the addresses" />
      )}
    </div>
  );
}

interface Group {
  readonly name: string;
  readonly title: string;
  readonly checks: PlatformIdentification['checks'];
}

function groups({ regions, checks, defaultRegion }: PlatformIdentification): Group[] {
  const listed = regions.map(({ name, title }) => ({
    name,
    title: name === defaultRegion ? `${title} (default)` : title,
    checks: checks.filter(({ region }) => region === name),
  }));
  const rest = checks.filter(({ region }) => region === '');
  return rest.length > 0 ? [...listed, { name: '', title: 'Platform', checks: rest }] : listed;
}

function Region({ title, checks }: Group) {
  return (
    <Container header={<Header variant="h2">{title}</Header>}>
      {checks.map(({ url, linux, windows }) => (
        <div key={url}>
          <h3>{url}</h3>
          <p>Linux</p>
          <CopyLine text={linux} label={`the check of ${url} for Linux`} />
          <p>Windows PowerShell</p>
          <CopyLine text={windows} label={`the check of ${url} for Windows`} />
        </div>
      ))}
    </Container>
  );
}
