import FileUpload from '@cloudscape-design/components/file-upload';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { endpoints, limits } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { plural } from '../../ui/format.ts';
import { useSettled } from '../../ui/use-settled.ts';

type Outcome = ReplyOf<typeof endpoints.importVex>;

const shown = 100;

/** Takes a VEX document, shows what it would ask for, and asks for it. */
export function ImportVex({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [files, setFiles] = useState<readonly File[]>([]);
  const [document, setDocument] = useState<Record<string, unknown> | null>(null);
  const [problem, setProblem] = useState('');
  const [assets, setAssets] = useState('');
  const settled = useSettled(assets);
  const preview = useQuery({
    queryKey: ['/exceptions/vex', 'preview', document, settled],
    queryFn: ({ signal }) =>
      call(endpoints.importVex, { body: { document: document ?? {}, assets: settled, dryRun: true } }, signal),
    enabled: document !== null,
    retry: false,
    gcTime: 0,
  });
  const ask = useMutation({
    mutationFn: () => call(endpoints.importVex, { body: { document: document ?? {}, assets } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listExceptions) });
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listDetections) });
      onClose();
    },
  });
  const changes = preview.data ? preview.data.wanted.length + preview.data.replaced.length : 0;
  const choose = async (chosen: readonly File[]): Promise<void> => {
    setFiles(chosen);
    const read = await readDocument(chosen[0]);
    setDocument(typeof read === 'string' ? null : read);
    setProblem(typeof read === 'string' ? read : '');
  };
  return (
    <FormModal
      title="Import VEX"
      action="Import"
      usable={assets === settled && changes > 0}
      busy={ask.isPending}
      error={ask.error}
      onSubmit={() => ask.mutate()}
      onClose={onClose}
    >
      <FormField label="Document" description="OpenVEX or CycloneDX, as JSON" errorText={problem}>
        <FileUpload
          value={files}
          accept=".json,application/json"
          onChange={({ detail }) => void choose(detail.value)}
          i18nStrings={{
            uploadButtonText: () => 'Choose file',
            dropzoneText: () => 'Drop the file here',
            removeFileAriaLabel: () => 'Remove the file',
            limitShowFewer: 'Fewer',
            limitShowMore: 'More',
            errorIconAriaLabel: 'Error',
          }}
          showFileSize
        />
      </FormField>
      <FormField label="Assets" description="For which it is believed, in the query language. Empty: all">
        <Input value={assets} onChange={({ detail }) => setAssets(detail.value)} />
      </FormField>
      {preview.error ? <Failure error={preview.error} /> : null}
      {document !== null && preview.isPending ? <p className="quiet">Reading what it says …</p> : null}
      {preview.data ? <Preview outcome={preview.data} /> : null}
    </FormModal>
  );
}

const whys: Readonly<Record<Outcome['replaced'][number]['why'], string>> = {
  withdrawn: 'the document says it no more',
  changed: 'the document says otherwise now',
  widened: 'it is asked for anew, for more package versions',
};

function Preview({ outcome: { wanted, skipped, unchanged, replaced, upheld } }: { outcome: Outcome }) {
  return (
    <div aria-live="polite">
      <p>
        It would ask for {plural(wanted.length, 'exception')}
        {replaced.length > 0 ? `, and end ${plural(replaced.length, 'exception')} of an earlier version of the document` : ''}
        {unchanged.length > 0 ? `; ${plural(unchanged.length, 'exception')} asked for before would not be asked for again` : ''}
        {skipped.length > 0 ? `; ${plural(skipped.length, 'statement')} would lead to nothing` : ''}.
      </p>
      <ul className="plain">
        {wanted.slice(0, shown).map((one) => (
          <li key={`${one.query} ${one.status} ${one.comment}`}>
            <code>{one.query}</code> {one.status.replaceAll('_', ' ')}
            <span className="quiet">
              {' '}
              of {plural(one.packageVersions, 'installed package version')}
              {one.comment === '' ? '' : `: ${one.comment}`}
            </span>
          </li>
        ))}
        {replaced.slice(0, shown).map(({ exceptionId, query, state, why }) => (
          <li key={exceptionId}>
            ends <code>{query}</code>, {state}: {whys[why]}
          </li>
        ))}
        {upheld.slice(0, shown).map(({ exceptionId, query, state, document }) => (
          <li key={`${exceptionId} ${document}`}>
            goes on with <code>{query}</code>, {state}: {document ?? 'another document'} says it, too
          </li>
        ))}
        {unchanged.slice(0, shown).map(({ exceptionId, query, state }) => (
          <li key={exceptionId} className="quiet">
            <code>{query}</code> was asked for before: {state}
          </li>
        ))}
        {skipped.slice(0, shown).map(({ vulnerability, why }, at) => (
          <li key={`${vulnerability} ${at}`} className="quiet">
            not {vulnerability}: {why}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The document, or what is wrong with the file. */
async function readDocument(file: File | undefined): Promise<Record<string, unknown> | string> {
  if (!file) return '';
  if (file.size > limits.apiBodyBytes) return 'The file is larger than the platform takes';
  try {
    const value: unknown = JSON.parse(await file.text()); // the platform checks what it says
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : 'This is no VEX document';
  } catch {
    return 'This is no JSON document';
  }
}
