import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { isNumberSetting, numberSettings, otherSettings, type SettingName } from '@vedette/protocol';

/** One setting of the table, with its limits and its default. Empty: the profile does not say. */
export function SettingField(props: {
  readonly name: SettingName;
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const { name, value, error, onChange } = props;
  if (isNumberSetting(name)) {
    const { label, min, max, unit, meaning, default: byDefault } = numberSettings[name];
    return (
      <FormField
        label={`${label} (${unit})`}
        description={sentence(meaning)}
        constraintText={`${min} to ${max}; ${byDefault} where no profile says otherwise`}
        errorText={error}
      >
        <Input inputMode="decimal" value={value} onChange={({ detail }) => onChange(detail.value)} />
      </FormField>
    );
  }
  const { label, meaning } = otherSettings[name];
  if (name === 'suspended') {
    return (
      <FormField label={label} description={sentence(meaning)} errorText={error}>
        <YesOrNo value={value} onChange={onChange} />
      </FormField>
    );
  }
  return (
    <FormField label={label} description={`${sentence(meaning)}; one a line`} errorText={error}>
      <Textarea rows={2} value={value} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
}

/** The schema writes them without a capital, as they stand in lists of the command line. */
function sentence(meaning: string): string {
  return meaning.charAt(0).toUpperCase() + meaning.slice(1);
}

const choices = [
  { value: '', label: 'not said here' },
  { value: 'true', label: 'yes' },
  { value: 'false', label: 'no' },
];

export function YesOrNo({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <Select
      selectedOption={choices.find((one) => one.value === value) ?? null}
      options={choices}
      onChange={({ detail }) => onChange(detail.selectedOption.value ?? '')}
    />
  );
}
