import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ChannelSettings, endpoints, type NotificationChannel } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';

type Kind = ChannelSettings['kind'];

const kinds = [
  { value: 'email', label: 'E-mail (SMTP)' },
  { value: 'webhook', label: 'Webhook, signed' },
  { value: 'slack', label: 'Slack-compatible webhook' },
  { value: 'syslog', label: 'Syslog' },
] as const;

/** Fields of each kind: key, label, what to write there. */
const fields: Readonly<Record<Kind, readonly (readonly [key: string, label: string, description: string])[]>> = {
  email: [
    [
      'host',
      'Mail server',
      'Its name; STARTTLS on port 587 unless you say otherwise. Inside only where the administrator allows it',
    ],
    ['port', 'Port', ''],
    ['user', 'Login', 'Empty: none'],
    ['from', 'From', 'Address of the sender'],
    ['to', 'To', 'Addresses, with commas between them'],
  ],
  webhook: [['url', 'Address', 'https; networks that are not public only where the administrator allows it']],
  slack: [],
  syslog: [
    ['host', 'Server', 'Inside only where the administrator allows it'],
    ['port', 'Port', '6514 is usual for TLS, 514 for TCP and UDP'],
    ['transport', 'Transport', 'tls, tcp or udp'],
  ],
};

const secretWords: Readonly<Partial<Record<Kind, string>>> = { email: 'Password', slack: 'Address of the webhook' };
const formats = [
  { value: 'vedette', label: 'Vedette' },
  { value: 'ocsf', label: 'OCSF Vulnerability Finding' },
];

/** Asks where to, of a new channel or of a known one; closes with the signing secret that was made, or with nothing. */
export function SaveChannel({
  known,
  onClose,
}: {
  known: NotificationChannel | null;
  onClose: (secret?: string | null) => void;
}) {
  const queries = useQueryClient();
  const [name, setName] = useState(known?.name ?? '');
  const [kind, setKind] = useState<Kind>(known?.settings.kind ?? 'email');
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() => toTexts(known?.settings));
  const [enabled, setEnabled] = useState(known?.enabled ?? true);
  const [secret, setSecret] = useState('');
  const set = (key: string, value: string) => setValues({ ...values, [key]: value });
  // What has no field here, such as how a mail server is secured, stays as it is.
  const unasked = known?.settings.kind === kind ? known.settings : {};
  const settings = ChannelSettings.safeParse({ ...unasked, ...toSettings(kind, values) });
  const save = useMutation({
    mutationFn: () => {
      if (!settings.data) throw new Error('The settings are not complete');
      const { channelId } = known ?? {};
      return call(endpoints.saveNotificationChannel, {
        body: { name, enabled, settings: settings.data, ...(channelId ? { channelId } : {}), ...(secret ? { secret } : {}) },
      });
    },
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listNotificationChannels) });
      onClose(made.secret);
    },
  });
  return (
    <FormModal
      title={known ? `Change “${known.name}”` : 'Create channel'}
      action={known ? 'Save' : 'Create'}
      onClose={() => onClose()}
      onSubmit={() => save.mutate()}
      usable={name.trim() !== '' && settings.success}
      busy={save.isPending}
      error={save.error}
    >
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 120))} />
      </FormField>
      <FormField label="Kind">
        <Select
          selectedOption={kinds.find(({ value }) => value === kind) ?? null}
          options={kinds}
          onChange={({ detail }) => setKind(kinds.find(({ value }) => value === detail.selectedOption.value)?.value ?? 'email')}
        />
      </FormField>
      {fields[kind].map(([key, label, description]) => (
        <FormField key={key} label={label} description={description}>
          <Input value={values[key] ?? ''} onChange={({ detail }) => set(key, detail.value)} />
        </FormField>
      ))}
      {hasCertificates(kind) ? (
        <FormField label="Certificates" description="PEM, of a company that vouches for its own servers; empty: the usual ones">
          <Textarea rows={3} spellcheck={false} value={values['ca'] ?? ''} onChange={({ detail }) => set('ca', detail.value)} />
        </FormField>
      ) : null}
      {kind === 'webhook' || kind === 'syslog' ? (
        <FormField label="Format">
          <Select
            selectedOption={formats.find(({ value }) => value === (values['format'] ?? 'vedette')) ?? null}
            options={formats}
            onChange={({ detail }) => set('format', detail.selectedOption.value ?? 'vedette')}
          />
        </FormField>
      ) : null}
      {secretWords[kind] ? (
        <FormField
          label={secretWords[kind]}
          description={
            known?.hasSecret
              ? 'Empty: the one that is kept, unless the channel leads elsewhere now'
              : 'Kept, and never shown again'
          }
        >
          <Input type="password" autoComplete={false} value={secret} onChange={({ detail }) => setSecret(detail.value)} />
        </FormField>
      ) : null}
      {known ? (
        <Checkbox checked={enabled} onChange={({ detail }) => setEnabled(detail.checked)}>
          Send by this channel
        </Checkbox>
      ) : null}
    </FormModal>
  );
}

function hasCertificates(kind: Kind): boolean {
  return kind === 'email' || kind === 'syslog';
}

/** Known settings as the texts of the fields. */
function toTexts(settings: ChannelSettings | undefined): Record<string, string> {
  const { kind: _kind, ...values } = settings ?? { kind: 'slack' };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]: [string, string | number | readonly string[] | null]) =>
      value === null ? [] : [[key, typeof value === 'object' ? value.join(', ') : String(value)]],
    ),
  );
}

/** Empty fields are left to what is usual. */
function toSettings(kind: Kind, values: Readonly<Record<string, string>>): object {
  const asked = new Set([...fields[kind].map(([key]) => key), 'format', ...(hasCertificates(kind) ? ['ca'] : [])]);
  const given = Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    if (!asked.has(key)) return [];
    if (value.trim() === '') return [[key, undefined]];
    if (key === 'port') return [[key, Number(value)]];
    return [[key, key === 'to' ? value.split(',').map((one) => one.trim()) : value.trim()]];
  });
  return { kind, ...Object.fromEntries(given) };
}
