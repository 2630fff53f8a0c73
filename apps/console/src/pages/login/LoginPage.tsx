import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { endpoints, type Me } from '@vedette/protocol';
import { type FormEvent, useState } from 'react';
import { ApiError, call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { Logo } from '../../components/Logo.tsx';
import { safeNext, withQuery } from '../../paths.ts';
import { useTitle } from '../../ui/use-title.ts';
import { useUrlState } from '../../ui/use-url-state.ts';
import { SecondFactorStep } from './SecondFactorStep.tsx';

const problems: ReadonlyMap<string, string> = new Map([
  ['oidc-failed', 'What the login service answered could not be used. Try again; if it stays, the log of the platform says why.'],
  ['oidc-role', 'The login service knows you, but none of your groups has a role here. Ask a manager of the platform.'],
  ['oidc-disabled', 'Your account here is disabled. Ask a manager of the platform.'],
]);

export function LoginPage() {
  useTitle('Log in');
  const router = useRouter();
  const queries = useQueryClient();
  const [{ next, problem }] = useUrlState();
  const methods = useApi(endpoints.getLoginMethods, {});
  const [waiting, setWaiting] = useState(false);
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const enter = (me: Me) => {
    queries.setQueryData(keyOf(endpoints.getSession, {}), me);
    router.history.replace(safeNext(next));
  };
  const { oidc } = methods.data ?? { oidc: null };
  if (waiting) {
    return (
      <main className="login">
        <div className="login-card">
          <div className="login-brand">
            <Logo size={44} />
            <h1>Second factor</h1>
            <p>The password was right. One more thing shows that it is you.</p>
          </div>
          <SecondFactorStep onDone={enter} onLost={() => setWaiting(false)} />
        </div>
      </main>
    );
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const me = await call(endpoints.logIn, { body: { login, password } });
      queries.clear();
      setBusy(false);
      setPassword('');
      if (me.stage === 'second-factor') setWaiting(true);
      else enter(me);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form className="login-card" onSubmit={(event) => void submit(event)}>
        <div className="login-brand">
          <Logo size={44} />
          <h1>Vedette</h1>
          <p>One light agent on every machine, one platform behind it.</p>
        </div>
        {failure ? (
          <Alert type="error" header={failure.title} statusIconAriaLabel="Error">
            {failure.message}
          </Alert>
        ) : null}
        {problem !== undefined && !failure ? (
          <Alert type="error" header="You are not logged in" statusIconAriaLabel="Error">
            {problems.get(problem) ?? 'The login failed. Try again.'}
          </Alert>
        ) : null}
        <FormField label="Login">
          <Input
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- nothing else can be done on this page
            autoFocus
            value={login}
            name="login"
            autoComplete="username"
            onChange={({ detail }) => setLogin(detail.value)}
          />
        </FormField>
        <FormField label="Password">
          <Input
            value={password}
            name="password"
            type="password"
            autoComplete="current-password"
            onChange={({ detail }) => setPassword(detail.value)}
          />
        </FormField>
        <Button variant="primary" formAction="submit" fullWidth loading={busy} disabled={!login || !password}>
          Log in
        </Button>
        {oidc ? (
          <Button formAction="none" fullWidth href={withQuery(oidc.address, { next: safeNext(next) })}>
            Log in by {oidc.name}
          </Button>
        ) : null}
        <p className="login-hint">
          <code>npm start</code> printed the password once, when it made the administrator. Lost it?{' '}
          <code>npm start -- --new-password</code> sets a new one.
        </p>
      </form>
    </main>
  );
}
