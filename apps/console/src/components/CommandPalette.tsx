import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import { useRouter } from '@tanstack/react-router';
import { endpoints } from '@vedette/protocol';
import { useEffect, useState } from 'react';
import { writeValue } from '@vedette/query';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { paths } from '../paths.ts';
import { placesFor } from './places.ts';
import { savedQueryPath } from './saved-query-path.ts';
import { FirstFieldFocus } from '../ui/FirstFieldFocus.tsx';
import { useSettled } from '../ui/use-settled.ts';

const own = [
  ['Your account', paths.account()],
  ['API tokens', paths.tokens()],
] as const;
/** Of each kind, so that all of it can be seen at once. */
const shown = 6;

/** Ctrl-K or Cmd-K: any page, asset, check, package or saved query by a part of its name. */
export function CommandPalette() {
  // Where somebody was when they opened it; null while it is closed.
  const [opener, setOpener] = useState<Element | null>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      const { activeElement, body } = document;
      setOpener((before) => (before === null ? (activeElement ?? body) : null));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return opener === null ? null : <Palette opener={opener} onClose={() => setOpener(null)} />;
}

/** What fits the text: pages at once, assets and checks as the platform finds them. */
function useTargets(text: string): readonly (readonly [name: string, address: string, kind: string])[] {
  const written = text.trim().slice(0, 200);
  const search = useSettled(written);
  const may = useMay();
  const places = [...placesFor(may).flatMap((group) => group.map(({ text: name, href }) => [name, href] as const)), ...own];
  const enabled = search !== '';
  const assets = useApi(endpoints.listAssets, { query: { search, limit: shown } }, { enabled: enabled && may('asset:read') });
  const checks = useApi(endpoints.listChecks, { query: { search, limit: shown } }, { enabled: enabled && may('check:read') });
  const saved = useApi(endpoints.listSavedQueries, {});
  const wanted = text.trim().toLowerCase();
  const queries = (saved.data?.items ?? [])
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .map((one) => [one.name, savedQueryPath(one), `saved query, ${one.about}`] as const);
  const pages = places.filter(([name]) => name.toLowerCase().includes(wanted)).map((place) => [...place, 'page'] as const);
  // What was found for less than is written now is no target of Enter.
  if (!enabled || search !== written) return [...pages, ...queries];
  return [
    ...pages,
    ...queries,
    ...(assets.data?.items ?? []).map(({ assetId, hostname }) => [hostname, paths.asset(assetId), 'asset'] as const),
    ...(checks.data?.items ?? []).map(({ number, name }) => [name, paths.check(number), `check ${number}`] as const),
    [`Where is ${search}?`, paths.software({ query: writeValue(search) }), 'software'] as const,
  ];
}

function Palette({ opener, onClose }: { opener: Element; onClose: () => void }) {
  const router = useRouter();
  // The dialog finds its own field in focus already, and would not lead back.
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement) opener.focus();
    },
    [opener],
  );
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const targets = useTargets(text);
  const active = Math.min(chosen, targets.length - 1);
  const go = (address: string | undefined) => {
    if (address === undefined) return;
    onClose();
    router.history.push(address);
  };
  return (
    <Modal visible header="Go to" closeAriaLabel="Close" onDismiss={onClose}>
      <FirstFieldFocus />
      <Input
        value={text}
        type="search"
        ariaLabel="Page, asset, check, package or saved query"
        placeholder="Page, asset, CVE, check number, package or saved query"
        onChange={({ detail }) => {
          setText(detail.value);
          setChosen(0);
        }}
        onKeyDown={({ detail }) => {
          if (detail.key === 'ArrowDown') setChosen(Math.min(active + 1, targets.length - 1));
          else if (detail.key === 'ArrowUp') setChosen(Math.max(active - 1, 0));
          else if (detail.key === 'Enter') go(targets[active]?.[1]);
        }}
      />
      <ul className="plain targets" aria-label="Found">
        {targets.map(([name, address, kind], index) => (
          <li key={address}>
            <a
              href={address}
              className={index === active ? 'target active' : 'target'}
              onClick={(event) => {
                event.preventDefault();
                go(address);
              }}
            >
              {name} <span className="quiet">{kind}</span>
            </a>
          </li>
        ))}
      </ul>
      <output className="quiet">{targets.length === 0 ? 'Nothing has such a name.' : ''}</output>
    </Modal>
  );
}
