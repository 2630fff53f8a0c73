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
    const { min, max, unit, meaning, default: byDefault } = numberSettings[name];
    return (
      <FormField
        label={name}
        description={meaning}
        constraintText={`${min} to ${max} ${unit}; ${byDefault} where no profile says otherwise`}
        errorText={error}
      >
        <Input inputMode="decimal" value={value} onChange={({ detail }) => onChange(detail.value)} />
      </FormField>
    );
  }
  const { meaning } = otherSettings[name];
  if (name === 'suspended') {
    return (
      <FormField label={name} description={meaning} errorText={error}>
        <YesOrNo value={value} onChange={onChange} />
      </FormField>
    );
  }
  return (
    <FormField label={name} description={`${meaning}; one a line`} errorText={error}>
      <Textarea rows={2} value={value} onChange={({ detail }) => onChange(detail.value)} />
    </FormField>
  );
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
