import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import { endpoints, ReportFormat, ReportKind } from '@vedette/protocol';
import { useApi } from '../../api/use-api.ts';
import { useSettled } from '../../ui/use-settled.ts';
import { kindWords } from './kind-words.ts';

export interface ScopeDraft {
  readonly kind: ReportKind;
  readonly format: ReportFormat;
  readonly assets: string;
  readonly detections: string;
}

export const emptyScope: ScopeDraft = { kind: 'summary', format: 'pdf', assets: '', detections: '' };

/** What is wished for, as the API takes it. */
export function toWish({ kind, format, assets, detections }: ScopeDraft) {
  return { kind, format, ...(assets.trim() ? { assets } : {}), ...(detections.trim() ? { detections } : {}) };
}

/** Kind, format and scope, and how large that would be. */
export function ReportScopeFields({ draft, onChange }: { draft: ScopeDraft; onChange: (draft: ScopeDraft) => void }) {
  const kinds = ReportKind.options.map((value) => ({ value, label: kindWords[value] }));
  const formats = ReportFormat.options.map((value) => ({ value, label: value.toUpperCase() }));
  return (
    <>
      <FormField label="Kind">
        <Select
          selectedOption={kinds.find(({ value }) => value === draft.kind) ?? null}
          options={kinds}
          onChange={({ detail }) => onChange({ ...draft, kind: ReportKind.parse(detail.selectedOption.value) })}
        />
      </FormField>
      <FormField label="Format" description={draft.format === 'pdf' ? 'At most 50,000 rows; the others have all' : ''}>
        <Select
          selectedOption={formats.find(({ value }) => value === draft.format) ?? null}
          options={formats}
          onChange={({ detail }) => onChange({ ...draft, format: ReportFormat.parse(detail.selectedOption.value) })}
        />
      </FormField>
      <FormField label="Assets" description="A query such as tag:web; empty: all">
        <Input value={draft.assets} onChange={({ detail }) => onChange({ ...draft, assets: detail.value })} />
      </FormField>
      <FormField label="Detections" description="A query such as severity:>=4; empty: all that are open">
        <Input value={draft.detections} onChange={({ detail }) => onChange({ ...draft, detections: detail.value })} />
      </FormField>
      <Preview draft={draft} />
    </>
  );
}

function Preview({ draft }: { draft: ScopeDraft }) {
  const settled = useSettled(draft);
  const { assets, detections } = settled;
  const body = { ...(assets.trim() ? { assets } : {}), ...(detections.trim() ? { detections } : {}) };
  const { data, error } = useApi(endpoints.previewReport, { body });
  const text =
    error instanceof Error
      ? error.message
      : data && settled === draft
        ? `Now: ${data.assets} assets, ${data.detections} open detections.`
        : 'Counting …';
  return <output>{text}</output>;
}
