/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a datalist shows no descriptions and cannot be told which option is active */
import Button from '@cloudscape-design/components/button';
import { completeQuery, entities, type EntityName, parseQuery, QueryError } from '@vedette/query';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useFieldValues } from './use-field-values.ts';
import { rememberQuery, recentQueries } from './recent-queries.ts';

interface QueryBarProps {
  /** What is asked for. */
  readonly about: EntityName;
  readonly value: string;
  readonly onChange: (query: string | undefined) => void;
  /** How many fit, in words. */
  readonly count: string;
}

interface Option {
  readonly text: string;
  readonly describes: string;
  /** What the whole text becomes, and where the cursor then stands. */
  readonly becomes: string;
  readonly cursor: number;
}

/** More would be read by nobody. */
const shownOptions = 12;

/**
 * A line of the query language: completion of fields and of values that exist, the reason where it is wrong, and what was asked before.
 * A combobox as the ARIA practices guide describes it (combobox pattern, list autocomplete with manual selection).
 */
export function QueryBar({ about, value, onChange, count }: QueryBarProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const [cursor, setCursor] = useState(value.length);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  // A link elsewhere on the page may change the address under us.
  const [seen, setSeen] = useState(value);
  if (seen !== value) {
    setSeen(value);
    setText(value);
  }
  const options = useOptions({ about, text, cursor, isOpen });
  const error = text === '' ? null : errorOf(text, about);
  const isUnderWay = isOpen && cursor === text.length;
  const move = (element: HTMLInputElement) => {
    setText(element.value);
    setCursor(element.selectionStart ?? element.value.length);
    setActive(-1);
  };
  const take = ({ becomes, cursor: place }: Option) => {
    // The text is in the field when this ends: later, the cursor would be moved away from what somebody types meanwhile.
    flushSync(() => {
      setText(becomes);
      setCursor(place);
      setActive(-1);
    });
    input.current?.focus();
    input.current?.setSelectionRange(place, place);
  };
  const ask = (query: string) => {
    setOpen(false);
    setActive(-1);
    if (query !== '' && errorOf(query, about)) return;
    rememberQuery(about, query);
    onChange(query === '' ? undefined : query);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const chosen = options[active];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const places = options.length + 1;
      setActive(((active + 1 + step + places) % places) - 1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (isOpen && chosen) take(chosen);
      else ask(text.trim());
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault();
      setOpen(false);
      setActive(-1);
    }
  };
  const isListed = isOpen && options.length > 0;
  return (
    <search className="query-bar">
      <div className="query-line">
        <input
          ref={input}
          type="search"
          role="combobox"
          className={error && !isUnderWay ? 'query-input wrong' : 'query-input'}
          aria-label={`Query for ${entities[about].name === 'software' ? 'software' : `${about}s`}`}
          aria-expanded={isListed}
          aria-controls={`${id}-options`}
          aria-autocomplete="list"
          aria-activedescendant={isListed && active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={error !== null && !isUnderWay}
          aria-describedby={`${id}-said`}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          maxLength={4096}
          placeholder={placeholders[about]}
          value={text}
          onChange={(event) => {
            move(event.target);
            setOpen(true);
          }}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? 0)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        <Button variant="primary" wrapText={false} disabled={error !== null} onClick={() => ask(text.trim())}>
          Search
        </Button>
        {value === '' ? null : (
          <Button
            wrapText={false}
            onClick={() => {
              setText('');
              ask('');
            }}
          >
            Clear
          </Button>
        )}
      </div>
      <div id={`${id}-options`} role="listbox" aria-label="Completions" className="query-options" hidden={!isListed}>
        {options.map((option, index) => (
          <div
            key={`${option.text} ${option.describes}`}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            className={index === active ? 'query-option active' : 'query-option'}
            // Before the field loses the focus, with which the list goes.
            onPointerDown={(event) => {
              event.preventDefault();
              take(option);
            }}
          >
            <code>{option.text}</code> <span className="quiet">{option.describes}</span>
          </div>
        ))}
      </div>
      <output id={`${id}-said`} className="query-said">
        {error && !isUnderWay ? (
          <Wrong text={text} error={error} />
        ) : value !== '' ? (
          <span className="quiet">{count}</span>
        ) : null}
      </output>
    </search>
  );
}

const placeholders: Readonly<Record<EntityName, string>> = {
  asset: 'os:debian and software:(name:openssl and version:<3.0.15)',
  detection: 'severity:>=high and kev:true and asset:(os:debian)',
  check: 'name:CVE-2026-* and assets:>0',
  software: 'name:openssl and version:<3.0.15',
  event: 'kind:detection and severity:>=high and cause:knowledge',
};

function errorOf(text: string, about: EntityName): QueryError | null {
  try {
    parseQuery(text, about, Date.now());
    return null;
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
}

/** The reason, and the part that is wrong in the midst of what stands around it. */
function Wrong({ text, error: { message, from, to } }: { text: string; error: QueryError }) {
  const [before, part, after] = [text.slice(Math.max(0, from - 30), from), text.slice(from, to), text.slice(to, to + 30)];
  return (
    <>
      <span className="query-error">
        Column {from + 1}: {message}
      </span>
      <code className="query-place">
        {from > 30 ? '…' : ''}
        {before}
        <mark>{part.trim() === '' ? '▯' : part}</mark>
        {after}
        {to + 30 < text.length ? '…' : ''}
      </code>
    </>
  );
}

function useOptions(typed: { about: EntityName; text: string; cursor: number; isOpen: boolean }): Option[] {
  const { about, text, cursor, isOpen } = typed;
  const { from, to, options, valueOf } = completeQuery(text, cursor, about);
  const written = text.slice(from, to);
  const values = useFieldValues(isOpen ? valueOf : null, written);
  if (!isOpen) return [];
  if (text === '') {
    const asked = recentQueries(about).map((query) => {
      return { text: query, describes: 'asked before', becomes: query, cursor: query.length };
    });
    if (asked.length > 0) return asked.slice(0, shownOptions);
  }
  const offered = [...options, ...values.map((value) => ({ text: value, describes: 'exists' }))];
  return offered
    .filter((option) => option.text !== written)
    .slice(0, shownOptions)
    .map((option) => ({
      ...option,
      becomes: text.slice(0, from) + option.text + text.slice(to),
      cursor: from + option.text.length,
    }));
}
