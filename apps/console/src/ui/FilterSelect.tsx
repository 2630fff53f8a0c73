import Select from '@cloudscape-design/components/select';

/** A filter with few choices; the first one is "no filter" and stands for nothing in the address. */
export function FilterSelect<Value extends string>(props: {
  label: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  onChange: (value: Value | undefined) => void;
}) {
  const options = props.choices.map(([value, label]) => ({ value, label }));
  return (
    <div className="filter-select">
      <Select
        ariaLabel={props.label}
        inlineLabelText={props.label}
        options={options}
        selectedOption={options.find(({ value }) => value === props.value) ?? null}
        onChange={({ detail }) => {
          const chosen = options.find(({ value }) => value === detail.selectedOption.value);
          props.onChange(chosen === options[0] ? undefined : chosen?.value);
        }}
      />
    </div>
  );
}
