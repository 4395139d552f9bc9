/** Search and filters of a list; both live in the URL. */
import { useEffect, useRef, useState } from 'react';
import { Menu, SegmentedControl, TextInput } from '@mantine/core';
import { IconChevronDown, IconSearch, IconX } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { withFilter, type Search } from '../format/filters.ts';

export function useFilters(): readonly [Search, (changes: Search) => void] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  return [
    search,
    (changes) => void navigate({ to: '.', search: withFilter(search, changes), replace: true }),
  ];
}

const TYPE_PAUSE_MS = 250;
export function SearchBox({
  label,
  width = 250,
}: {
  readonly label: string;
  readonly width?: number;
}) {
  const [search, setSearch] = useFilters();
  const [text, setText] = useState(search['q'] ?? '');
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(setSearch);
  latest.current = setSearch;
  const applied = search['q'] ?? '';
  useEffect(() => {
    if (text === applied) return undefined;
    const timer = setTimeout(() => latest.current({ q: text }), TYPE_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, applied]);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.closest('input,textarea,select,[contenteditable]') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      leftSection={<IconSearch size={14} stroke={1.5} aria-hidden />}
      rightSection={text === '' ? <kbd>/</kbd> : null}
      style={{ width }}
    />
  );
}

/** "Enforcement any ⌄": a pill that reads as words. */
export function FilterPill({
  name,
  param,
  choices,
  standard,
}: {
  readonly name: string;
  readonly param: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  /** What holds while nothing is chosen; `any` unless said. The name is not shown before it. */
  readonly standard?: string;
}) {
  const [search, setSearch] = useFilters();
  const value = search[param];
  const chosen = choices.find((choice) => choice.value === value);
  if (chosen !== undefined)
    return (
      <button
        type="button"
        className="fp"
        onClick={() => setSearch({ [param]: '' })}
        aria-label={`${name} ${chosen.label}, remove filter`}
      >
        {standard === undefined ? name : ''} <b>{chosen.label}</b> <IconX size={12} aria-hidden />
      </button>
    );
  return (
    <Menu>
      <Menu.Target>
        <button type="button" className="fp" aria-label={`Filter by ${name}`}>
          {standard === undefined ? name : ''} <b>{standard ?? 'any'}</b>{' '}
          <IconChevronDown size={12} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
        {choices.map((choice) => (
          <Menu.Item key={choice.value} onClick={() => setSearch({ [param]: choice.value })}>
            {choice.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Draft or active; what is chosen lives in the URL as `pversion`, and the draft is what one starts with. */
export function VersionSwitch() {
  const [search, setSearch] = useFilters();
  return (
    <SegmentedControl
      aria-label="Policy"
      value={search['pversion'] === 'active' ? 'active' : 'draft'}
      onChange={(value) => setSearch({ pversion: value === 'active' ? value : '' })}
      data={[
        { value: 'draft', label: 'Draft' },
        { value: 'active', label: 'Active' },
      ]}
    />
  );
}
