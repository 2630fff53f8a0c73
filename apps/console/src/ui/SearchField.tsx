import TextFilter from '@cloudscape-design/components/text-filter';
import { useState } from 'react';
import { useUrlState } from './use-url-state.ts';

/** Search of a list that knows no query language; what is looked for stands in the address. */
export function SearchField({ label, count, scope }: { label: string; count: string; scope?: string | undefined }) {
  const [state, change] = useUrlState(scope);
  const inAddress = state['search'] ?? '';
  const [text, setText] = useState(inAddress);
  // A link elsewhere on the page may change the address under us.
  const [seen, setSeen] = useState(inAddress);
  if (seen !== inAddress) {
    setSeen(inAddress);
    setText(inAddress);
  }
  return (
    <div className="filter-search">
      <TextFilter
        filteringText={text}
        filteringPlaceholder={label}
        filteringAriaLabel={label}
        countText={inAddress ? count : ''}
        onChange={({ detail }) => setText(detail.filteringText)}
        onDelayedChange={({ detail }) => change({ search: detail.filteringText.slice(0, 200) || undefined })}
      />
    </div>
  );
}
