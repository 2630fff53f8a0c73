import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { endpoints } from '@vedette/protocol';
import { type FormEvent, useState } from 'react';
import { ApiError, call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { Logo } from '../../components/Logo.tsx';
import { safeNext } from '../../paths.ts';
import { useTitle } from '../../ui/use-title.ts';
import { useUrlState } from '../../ui/use-url-state.ts';

export function LoginPage() {
  useTitle('Log in');
  const router = useRouter();
  const queries = useQueryClient();
  const [{ next }] = useUrlState();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const me = await call(endpoints.logIn, { body: { login, password } });
      queries.clear();
      queries.setQueryData(keyOf(endpoints.getSession, {}), me);
      router.history.replace(safeNext(next));
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
        <p className="login-hint">
          <code>npm start</code> printed the password once, when it made the administrator. Lost it?{' '}
          <code>npm start -- --new-password</code> sets a new one.
        </p>
      </form>
    </main>
  );
}
