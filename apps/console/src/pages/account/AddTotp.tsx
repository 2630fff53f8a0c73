import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQuery } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { Loading } from '../../ui/Loading.tsx';
import { QrCode } from './QrCode.tsx';

/** Sets up a program that shows codes; closes with the recovery codes of a first second factor (null of another), or with nothing. */
export function AddTotp({ onClose }: { onClose: (recoveryCodes?: readonly string[] | null) => void }) {
  const [name, setName] = useState('Authenticator program');
  const [code, setCode] = useState('');
  const begun = useQuery({
    queryKey: ['begun'],
    queryFn: () => call(endpoints.startTotp, {}),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const confirm = useMutation({
    mutationFn: () => call(endpoints.confirmTotp, { body: { name, code: code.replaceAll(' ', '') } }),
    onSuccess: ({ recoveryCodes }) => onClose(recoveryCodes),
  });
  return (
    <FormModal
      title="Add authenticator program"
      action="Add"
      usable={/^\d{6}$/.test(code.replaceAll(' ', '')) && name.trim() !== ''}
      busy={confirm.isPending}
      error={begun.error ?? confirm.error}
      onSubmit={() => confirm.mutate()}
      onClose={() => onClose()}
    >
      {begun.data ? (
        <>
          <p>Scan this with your authenticator program, or enter the key there:</p>
          <QrCode text={begun.data.uri} label="QR code of the key; the same key stands below it as text" />
          <CopyLine label="the key" text={begun.data.secret} />
          <CopyLine label="the address" text={begun.data.uri} />
        </>
      ) : begun.error ? null : (
        <Loading what="a key" />
      )}
      <FormField label="Code" description="Six figures, as the program shows them now">
        <Input value={code} inputMode="numeric" autoComplete="one-time-code" onChange={({ detail }) => setCode(detail.value)} />
      </FormField>
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 100))} />
      </FormField>
    </FormModal>
  );
}
