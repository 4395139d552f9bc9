/** Chooses the actors of one side: kinds left, results right; typing searches all kinds. */
import { useState } from 'react';
import {
  IconFolders,
  IconLayoutGrid,
  IconServer,
  IconSitemap,
  IconTags,
  IconWorld,
} from '@tabler/icons-react';
import type { ActorWire } from '@bulkhead/contract';
import {
  useIpLists,
  useLabelGroups,
  useLabels,
  useVirtualServices,
  useWorkloadSearch,
} from '../api/lookups.ts';
import { actorKey, actorName } from '../format/actors.ts';
import { KEY_NAMES } from '../format/words.ts';
import { ActorChip } from './Chips.tsx';

export const ACTOR_KINDS = [
  'all',
  'labels',
  'label_groups',
  'ip_lists',
  'workloads',
  'virtual_services',
] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];
/** Boundaries take no virtual services. */
export const BOUNDARY_KINDS: readonly ActorKind[] = ACTOR_KINDS.filter(
  (kind) => kind !== 'virtual_services',
);
const KIND_NAMES: Record<ActorKind, string> = {
  all: 'All Workloads',
  labels: 'Labels',
  label_groups: 'Label groups',
  ip_lists: 'IP lists',
  workloads: 'Workloads',
  virtual_services: 'Virtual services',
};
const ICONS = {
  all: IconLayoutGrid,
  labels: IconTags,
  label_groups: IconFolders,
  ip_lists: IconWorld,
  workloads: IconServer,
  virtual_services: IconSitemap,
};
const SHOWN = 60;

interface Group {
  readonly title: string;
  readonly actors: readonly ActorWire[];
}

function useCandidates(kind: ActorKind, text: string, kinds: readonly ActorKind[]): Group[] {
  const labels = useLabels();
  const groups = useLabelGroups();
  const lists = useIpLists();
  const workloads = useWorkloadSearch(text);
  const virtualServices = useVirtualServices();
  const lower = text.toLowerCase();
  const wanted = (one: ActorKind): boolean =>
    kinds.includes(one) && (text === '' ? one === kind : true);
  const found: Group[] = [];
  if (wanted('all')) found.push({ title: '', actors: [{ actors: 'ams' }] });
  if (wanted('labels')) {
    const keys = [...new Set(['role', 'app', 'env', 'loc', ...labels.map((label) => label.key)])];
    for (const key of keys)
      found.push({
        title: KEY_NAMES[key] ?? key,
        actors: labels
          .filter((label) => label.key === key && !label.deleted)
          .map((label) => ({ label: { href: label.href, key, value: label.value } })),
      });
  }
  if (wanted('label_groups'))
    found.push({
      title: 'Label groups',
      actors: groups.map((group) => ({
        label_group: { href: group.href, key: group.key, name: group.name },
      })),
    });
  if (wanted('ip_lists'))
    found.push({
      title: 'IP lists',
      actors: lists.map((list) => ({ ip_list: { href: list.href, name: list.name } })),
    });
  if (wanted('workloads'))
    found.push({
      title: 'Workloads',
      actors: workloads.map((one) => ({
        workload: { href: one.href, name: one.name, hostname: one.hostname, deleted: false },
      })),
    });
  if (wanted('virtual_services'))
    found.push({
      title: 'Virtual services',
      actors: virtualServices.map((one) => ({
        virtual_service: { href: one.href, name: one.name },
      })),
    });
  return found
    .map((group) => ({
      ...group,
      actors: group.actors
        .filter(
          (actor) => actor.workload !== undefined || actorName(actor).toLowerCase().includes(lower),
        )
        .slice(0, SHOWN),
    }))
    .filter((group) => group.actors.length > 0);
}

export interface ActorPickerProps {
  readonly label: string;
  readonly value: readonly ActorWire[];
  readonly onChange: (value: readonly ActorWire[]) => void;
  readonly kinds?: readonly ActorKind[];
}

export function ActorPicker({ label, value, onChange, kinds = ACTOR_KINDS }: ActorPickerProps) {
  const [kind, setKind] = useState<ActorKind>(
    kinds.includes('labels') ? 'labels' : (kinds[0] ?? 'all'),
  );
  const [text, setText] = useState('');
  const groups = useCandidates(kind, text.trim(), kinds);
  const chosen = new Set(value.map(actorKey));
  const free = groups
    .map((group) => ({
      ...group,
      actors: group.actors.filter((actor) => !chosen.has(actorKey(actor))),
    }))
    .filter((group) => group.actors.length > 0);
  const add = (actor: ActorWire): void => {
    onChange([...value, actor]);
    setText('');
  };
  const first = free[0]?.actors[0];
  return (
    <div>
      <div style={{ padding: '10px 12px', borderBottom: '1px solid var(--bh-line)' }}>
        <div className="in tags">
          {value.map((actor) => (
            <ActorChip
              key={actorKey(actor)}
              actor={actor}
              onRemove={() => onChange(value.filter((one) => one !== actor))}
            />
          ))}
          <input
            data-autofocus
            aria-label={`Search for ${label}`}
            placeholder={value.length === 0 ? 'Add a label, IP list or workload' : ''}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && first !== undefined && text !== '') {
                event.preventDefault();
                add(first);
              }
              if (event.key === 'Backspace' && text === '' && value.length > 0)
                onChange(value.slice(0, -1));
            }}
            style={{
              border: 0,
              outline: 0,
              background: 'none',
              flex: 1,
              minWidth: 160,
              height: 22,
            }}
          />
        </div>
      </div>
      <div style={{ display: 'grid', gridTemplateColumns: '158px 1fr', height: 206 }}>
        <div
          className="kinds"
          style={{
            borderRight: '1px solid var(--bh-line)',
            padding: 6,
            background: 'var(--bh-sunken)',
          }}
        >
          {kinds.map((one) => {
            const Icon = ICONS[one];
            return (
              <button
                key={one}
                type="button"
                aria-pressed={kind === one && text === ''}
                onClick={() => {
                  setText('');
                  setKind(one);
                }}
              >
                <Icon size={14} stroke={1.5} aria-hidden />
                {KIND_NAMES[one]}
              </button>
            );
          })}
        </div>
        <div style={{ padding: 6, overflowY: 'auto' }}>
          {free.length === 0 ? (
            <p className="t3 sm" style={{ padding: 8 }}>
              {text === '' ? 'Nothing more to add here.' : `Nothing is named like "${text}".`}
            </p>
          ) : null}
          {free.map((group) => (
            <div
              key={group.title}
              role="group"
              aria-label={group.title === '' ? 'All Workloads' : group.title}
            >
              {group.title === '' ? null : (
                <div className="xs t3 b" style={{ padding: '4px 8px' }}>
                  {group.title}
                </div>
              )}
              {group.actors.map((actor) => (
                <button
                  key={actorKey(actor)}
                  type="button"
                  className="optb"
                  aria-label={actorName(actor)}
                  onClick={() => add(actor)}
                >
                  <ActorChip actor={actor} />
                </button>
              ))}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
