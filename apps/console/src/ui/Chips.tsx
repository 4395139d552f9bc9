/** Chips for labels and actors, and services as text. */
import type { ReactNode } from 'react';
import {
  IconFolders,
  IconLayoutGrid,
  IconServer,
  IconSitemap,
  IconUsersGroup,
  IconWorld,
} from '@tabler/icons-react';
import type { ActorWire, IngressServiceWire, LabelRef, ServiceWire } from '@bulkhead/contract';
import { portsText } from '../format/services.ts';
import { KEY_NAMES } from '../format/words.ts';

const CLASSES: Record<string, string> = { role: 'role', app: 'app', env: 'env', loc: 'loc' };

export interface Removable {
  readonly onRemove?: (() => void) | undefined;
}

function Remove({ name, onRemove }: { readonly name: string } & Removable) {
  if (onRemove === undefined) return null;
  return (
    <button type="button" aria-label={`Remove ${name}`} onClick={onRemove}>
      ×
    </button>
  );
}

/** Key letters of a dimension: R, A, E, L; two letters for others. */
function letters(key: string): string {
  return CLASSES[key] === undefined
    ? key.slice(0, 2).toUpperCase()
    : (KEY_NAMES[key] ?? key).slice(0, 1);
}

export function LabelChip({
  label,
  exclusion = false,
  onRemove,
}: { readonly label: Pick<LabelRef, 'key' | 'value'>; readonly exclusion?: boolean } & Removable) {
  return (
    <span
      className={`chip ${CLASSES[label.key] ?? ''} ${exclusion ? 'not' : ''}`}
      title={`${KEY_NAMES[label.key] ?? label.key}: ${exclusion ? 'not ' : ''}${label.value}`}
    >
      <i aria-hidden="true">{letters(label.key)}</i>
      <span>
        {exclusion ? 'not ' : ''}
        {label.value}
      </span>
      <Remove name={label.value} onRemove={onRemove} />
    </span>
  );
}

function IconChip({
  icon,
  text,
  title,
  className = '',
  onRemove,
}: {
  readonly icon: ReactNode;
  readonly text: string;
  readonly title: string;
  readonly className?: string;
} & Removable) {
  return (
    <span className={`chip ${className}`} title={title}>
      {icon}
      <span>{text}</span>
      <Remove name={text} onRemove={onRemove} />
    </span>
  );
}

export function ActorChip({ actor, onRemove }: { readonly actor: ActorWire } & Removable) {
  const remove = { onRemove };
  if (actor.label !== undefined)
    return <LabelChip label={actor.label} exclusion={actor.exclusion === true} {...remove} />;
  if (actor.label_group !== undefined)
    return (
      <IconChip
        icon={<IconFolders stroke={1.5} aria-hidden />}
        className={CLASSES[actor.label_group.key] ?? ''}
        title={`Label group, ${KEY_NAMES[actor.label_group.key] ?? actor.label_group.key}`}
        text={`${actor.exclusion === true ? 'not ' : ''}${actor.label_group.name}`}
        {...remove}
      />
    );
  if (actor.workload !== undefined)
    return (
      <IconChip
        icon={<IconServer stroke={1.5} aria-hidden />}
        title="Workload"
        text={actor.workload.name ?? actor.workload.hostname ?? actor.workload.href}
        {...remove}
      />
    );
  if (actor.ip_list !== undefined)
    return (
      <IconChip
        icon={<IconWorld stroke={1.5} aria-hidden />}
        title="IP list"
        text={actor.ip_list.name}
        {...remove}
      />
    );
  if (actor.virtual_service !== undefined)
    return (
      <IconChip
        icon={<IconSitemap stroke={1.5} aria-hidden />}
        title="Virtual service"
        text={actor.virtual_service.name}
        {...remove}
      />
    );
  return (
    <IconChip
      icon={<IconLayoutGrid stroke={1.5} aria-hidden />}
      title="All Workloads"
      text="All Workloads"
      {...remove}
    />
  );
}

/** A user group that narrows consumers. */
export function UserGroupChip({ name, onRemove }: { readonly name: string } & Removable) {
  return (
    <IconChip
      icon={<IconUsersGroup stroke={1.5} aria-hidden />}
      title="User group"
      text={name}
      onRemove={onRemove}
    />
  );
}

export function Chips({ labels }: { readonly labels: readonly LabelRef[] }) {
  const order = ['role', 'app', 'env', 'loc'];
  const sorted = labels.toSorted(
    (left, right) => ((order.indexOf(left.key) + 9) % 9) - ((order.indexOf(right.key) + 9) % 9),
  );
  return (
    <span className="chips">
      {sorted.map((label) => (
        <LabelChip key={label.href} label={label} />
      ))}
    </span>
  );
}

export function SubnetsBadge() {
  return (
    <span className="bdg accent" title="Use Workload Subnets">
      <IconSitemap stroke={1.5} aria-hidden />
      Subnets
    </span>
  );
}

const PORTS_SHOWN = 4;
/** A service by name with its ports, or the ports alone. `services` gives the ports of named ones. */
export function ServiceName({
  service,
  services,
}: {
  readonly service: IngressServiceWire;
  readonly services?: readonly ServiceWire[] | undefined;
}) {
  if (service.name === undefined) return <span className="svc addr">{portsText([service])}</span>;
  const found = services?.find(
    (one) => one.href.split('/').at(-1) === service.href?.split('/').at(-1),
  );
  const all = found?.service_ports ?? [];
  const more = all.length > PORTS_SHOWN ? ` +${all.length - PORTS_SHOWN}` : '';
  const ports = portsText(all.slice(0, PORTS_SHOWN)) + more;
  return (
    <span className="svc" title={portsText(all)}>
      <b className="b">{service.name}</b>{' '}
      {ports === '' || ports === 'All' ? null : <span className="addr t3">{ports}</span>}
    </span>
  );
}
