import type { About } from '@vedette/protocol';
import { endpoints } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { CopyLine } from '../ui/CopyLine.tsx';

/** How a machine becomes an asset. */
export function AddAsset() {
  const may = useMay();
  if (!may('activation-key:write')) return <p>Ask an administrator to add some, or to let you see those there are.</p>;
  return (
    <ol className="steps">
      <li>
        <AppLink to={paths.agents()}>Create an activation key</AppLink>; its secret is shown once.
      </li>
      <li>
        <InstallLine />
      </li>
      <li>The first findings are here within half a minute.</li>
    </ol>
  );
}

/** The line to paste on the machine; the secret of a key is only known when it has just been made. */
export function InstallLine({ secret }: { secret?: string }) {
  const { data: about } = useApi(endpoints.getAbout, {});
  return (
    <>
      Run this on the machine: <CopyLine label="the command" text={installCommand(about, secret)} />
      {about?.agentPackages.length === 0 ? (
        <small>From a checkout. To install by one line, build the agent’s packages first: npm run package</small>
      ) : null}
    </>
  );
}

function installCommand(about: About | undefined, secret = '<key>'): string {
  const url = about?.platformUrl ?? location.origin;
  return about?.agentPackages.length === 0
    ? `./vedette-agent run --platform ${url} --activation-key ${secret}`
    : `curl -fsSL ${url}/install.sh | sudo VEDETTE_ACTIVATION_KEY=${secret} sh`;
}
