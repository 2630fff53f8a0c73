import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { startAuthentication } from '@simplewebauthn/browser';
import { endpoints, type Me } from '@vedette/protocol';
import { type FormEvent, useState } from 'react';
import { ApiError, call, type InputOf } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { Failure } from '../../ui/Failure.tsx';
import { Loading } from '../../ui/Loading.tsx';

type Given = InputOf<typeof endpoints.giveSecondFactor>['body'];

/** The second half of a login. `onDone` hears who it is; `onLost`: it took too long, the password is asked for again. */
export function SecondFactorStep({ onDone, onLost }: { onDone: (me: Me) => void; onLost: () => void }) {
  const asked = useApi(endpoints.askSecondFactor, {});
  const [text, setText] = useState('');
  const [byCode, setByCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const give = async (make: () => Promise<Given>) => {
    setBusy(true);
    setFailure(null);
    try {
      onDone(await call(endpoints.giveSecondFactor, { body: await make() }));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'UNAUTHENTICATED') return onLost();
      setFailure(error);
      setBusy(false);
      // A challenge counts once: the next try needs another.
      void asked.refetch();
    }
  };
  if (!asked.data) return asked.error ? <Failure error={asked.error} retry={onLost} /> : <Loading what="your second factors" />;
  const { methods, webauthn } = asked.data;
  const hasCodes = methods.includes('totp');
  const askRecovery = byCode || (!hasCodes && !webauthn);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void give(() => Promise.resolve(askRecovery ? { recoveryCode: text.trim() } : { code: text.replaceAll(' ', '') }));
  };
  const answerKey = async (): Promise<Given> => {
    const response = await startAuthentication({ optionsJSON: webauthn as never }); // as the platform's library made it
    return { response: { ...response } };
  };
  return (
    <form className="stack" onSubmit={submit}>
      {failure ? <Failure error={failure} /> : null}
      {webauthn && !byCode ? (
        <Button variant="primary" fullWidth formAction="none" loading={busy} onClick={() => void give(answerKey)}>
          Use your key or passkey
        </Button>
      ) : null}
      {hasCodes || askRecovery ? (
        <>
          <FormField
            label={askRecovery ? 'Recovery code' : 'Code'}
            description={
              askRecovery
                ? 'One of those you kept; each counts once'
                : 'Six figures, as your authenticator program shows them now'
            }
          >
            <Input
              // oxlint-disable-next-line jsx-a11y/no-autofocus -- nothing else can be done at this step
              autoFocus
              value={text}
              name="code"
              autoComplete={askRecovery ? 'off' : 'one-time-code'}
              inputMode={askRecovery ? 'text' : 'numeric'}
              onChange={({ detail }) => setText(detail.value)}
            />
          </FormField>
          <Button formAction="submit" fullWidth loading={busy} disabled={text.trim().length < 6}>
            Continue
          </Button>
        </>
      ) : null}
      {methods.includes('recovery-code') && !askRecovery ? (
        <Button
          variant="inline-link"
          formAction="none"
          onClick={() => {
            setByCode(true);
            setText('');
          }}
        >
          Use a recovery code instead
        </Button>
      ) : null}
    </form>
  );
}
