import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import { useQueryClient } from '@tanstack/react-query';
import { type Deadlines, endpoints, severities, severityNames } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { severityLabel } from '../../components/Severity.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { useTitle } from '../../ui/use-title.ts';

export function SettingsPage() {
  useTitle('Settings');
  useFrame({}, 'settings');
  const answer = useApi(endpoints.getDeadlines, {});
  return (
    <div className="stack">
      <Header variant="h1">Settings</Header>
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      {answer.data ? (
        <DeadlineForm key={JSON.stringify(answer.data)} deadlines={answer.data} />
      ) : answer.error ? null : (
        <Loading what="the settings" />
      )}
    </div>
  );
}

type Texts = Readonly<Record<keyof Deadlines, string>>;

/** Whole days, or nothing for no deadline. */
const days = /^(?:[1-9]\d{0,2}|[12]\d{3}|3[0-5]\d\d|36[0-4]\d|3650)?$/;

function DeadlineForm({ deadlines }: { deadlines: Deadlines }) {
  const queries = useQueryClient();
  const { data: me } = useApi(endpoints.getSession, {});
  const mayWrite = me?.permissions.includes('settings:write') ?? false;
  const [texts, setTexts] = useState(() => mapDeadlines((name) => String(deadlines[name] ?? '')) as Texts);
  const [failure, setFailure] = useState<unknown>(null);
  const [saved, setSaved] = useState(false);
  const isRight = Object.values(texts).every((text) => days.test(text));
  const save = async () => {
    try {
      const body = mapDeadlines((name) => (texts[name] === '' ? null : Number(texts[name]))) as Deadlines;
      await call(endpoints.setDeadlines, { body });
      setFailure(null);
      setSaved(true);
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.getTrends) });
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <Container
      header={
        <Header variant="h2" description="Within how many days detections are to be fixed, from when they were first found">
          Deadlines
        </Header>
      }
    >
      <div className="stack">
        {failure === null ? null : <Failure error={failure} />}
        <div className="deadlines">
          {severities.map((level) => {
            const name = severityNames[level];
            return (
              <FormField
                key={name}
                label={severityLabel(level)}
                errorText={days.test(texts[name]) ? '' : 'Whole days, 1 to 3650, or nothing for no deadline'}
              >
                <Input
                  value={texts[name]}
                  inputMode="numeric"
                  placeholder="none"
                  disabled={!mayWrite}
                  onChange={({ detail }) => {
                    setSaved(false);
                    setTexts({ ...texts, [name]: detail.value.trim() });
                  }}
                />
              </FormField>
            );
          })}
        </div>
        <div>
          <Button variant="primary" disabled={!isRight || !mayWrite} onClick={() => void save()}>
            Save deadlines
          </Button>{' '}
          <output className="quiet">{saved ? 'Saved.' : ''}</output>
        </div>
      </div>
    </Container>
  );
}

function mapDeadlines(valueOf: (name: keyof Deadlines) => unknown): object {
  return Object.fromEntries(severities.map((level) => [severityNames[level], valueOf(severityNames[level])]));
}
