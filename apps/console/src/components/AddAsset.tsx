import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { CopyLine } from '../ui/CopyLine.tsx';

/** The line that enrolls a machine; the secret of a key is only known when it has just been made. */
export function installCommand(platformUrl: string, secret?: string): string {
  return `./vedette-agent run --platform ${platformUrl} --activation-key ${secret ?? '<key>'}`;
}

/** How a machine becomes an asset. */
export function AddAsset() {
  return (
    <ol className="steps">
      <li>
        <AppLink to={paths.agents()}>Create an activation key</AppLink>; its secret is shown once.
      </li>
      <li>
        Run the agent on the machine: <CopyLine label="the command" text={installCommand(location.origin)} />
      </li>
      <li>The first findings are here within half a minute.</li>
    </ol>
  );
}
