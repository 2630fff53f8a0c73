import Autosuggest from '@cloudscape-design/components/autosuggest';
import Modal from '@cloudscape-design/components/modal';
import { useRouter } from '@tanstack/react-router';
import { endpoints } from '@vedette/protocol';
import { useEffect, useState } from 'react';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { useSettled } from '../ui/use-settled.ts';

const places = [
  ['Dashboard', paths.dashboard()],
  ['Assets', paths.assets()],
  ['Detections', paths.detections()],
  ['Checks', paths.checks()],
  ['Agents', paths.agents()],
  ['API tokens', paths.tokens()],
  ['Knowledge base', paths.knowledge()],
  ['About', paths.about()],
] as const;
/** Of each kind, so that all of it can be seen at once. */
const shown = 6;

/** Ctrl-K or Cmd-K: any page, asset or check by a part of its name. */
export function CommandPalette() {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      setVisible((before) => !before);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return visible ? <Palette onClose={() => setVisible(false)} /> : null;
}

function Palette({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [text, setText] = useState('');
  const search = useSettled(text.trim().slice(0, 200));
  const enabled = search !== '';
  const assets = useApi(endpoints.listAssets, { query: { search, limit: shown } }, { enabled });
  const checks = useApi(endpoints.listChecks, { query: { search, limit: shown } }, { enabled });
  const wanted = text.trim().toLowerCase();
  const options = [
    {
      label: 'Pages',
      options: places.filter(([name]) => name.toLowerCase().includes(wanted)).map(([label, value]) => ({ label, value })),
    },
    {
      label: 'Assets',
      options: enabled
        ? (assets.data?.items ?? []).map(({ assetId, hostname, os }) => ({
            label: hostname,
            value: paths.asset(assetId),
            description: os,
          }))
        : [],
    },
    {
      label: 'Checks',
      options: enabled
        ? (checks.data?.items ?? []).map(({ number, name }) => ({
            label: name,
            value: paths.check(number),
            description: `Check ${number}`,
          }))
        : [],
    },
  ].filter((group) => group.options.length > 0);
  return (
    <Modal visible header="Go to" closeAriaLabel="Close" onDismiss={onClose}>
      <Autosuggest
        value={text}
        ariaLabel="Page, asset or check"
        placeholder="Page, asset, CVE or check number"
        filteringType="manual"
        options={options}
        empty="Nothing has such a name"
        hideEnteredTextOption
        statusType={assets.isFetching || checks.isFetching ? 'loading' : 'finished'}
        loadingText="Searching …"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- somebody has just asked for it
        autoFocus
        onChange={({ detail }) => setText(detail.value.startsWith('/') ? text : detail.value)}
        onSelect={({ detail }) => {
          onClose();
          router.history.push(detail.value);
        }}
      />
    </Modal>
  );
}
