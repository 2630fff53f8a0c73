import Alert from '@cloudscape-design/components/alert';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Container from '@cloudscape-design/components/container';
import { endpoints } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { useTitle } from '../../ui/use-title.ts';
import { ChangePassword } from './ChangePassword.tsx';
import { SecondFactors } from './SecondFactors.tsx';
import { Sessions } from './Sessions.tsx';

/** Everything about one's own account; the only page while it has to be put in order. */
export function AccountPage() {
  useTitle('Your account');
  useFrame({}, 'account');
  const { data: me } = useApi(endpoints.getSession, {});
  if (!me) return null;
  return (
    <div className="stack">
      <Header variant="h1">Your account</Header>
      {me.stage === 'change-password' ? (
        <Alert type="warning" statusIconAriaLabel="Warning" header="Choose a password of your own first">
          The one that you came with was made by somebody else.
        </Alert>
      ) : null}
      {me.stage === 'enrol' ? (
        <Alert type="warning" statusIconAriaLabel="Warning" header="Set up a second factor first">
          Your role must have one: a program that shows codes, or a key or passkey.
        </Alert>
      ) : null}
      <Container header={<Header variant="h2">Who you are here</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Login', value: me.login },
            { label: 'Organization', value: me.organization },
            { label: 'Role', value: me.roleName || me.role },
            { label: 'Assets you see', value: me.scope === null ? 'all that your role is for' : <code>{me.scope}</code> },
          ]}
        />
      </Container>
      {me.stage === 'change-password' ? null : <SecondFactors />}
      <ChangePassword />
      {me.stage === 'complete' ? <Sessions /> : null}
    </div>
  );
}
