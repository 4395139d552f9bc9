/** Small pieces that every page uses: buttons, states, decisions, badges, times. */
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { useEffect, useState } from 'react';
import { Tooltip } from '@mantine/core';
import {
  IconAlertTriangle,
  IconBuilding,
  IconCheck,
  IconClock,
  IconDeviceLaptop,
  IconMinus,
  IconPencil,
  IconRefresh,
  IconServer,
  IconSquareDashed,
  IconWorld,
} from '@tabler/icons-react';
import type { WorkloadWire } from '@bulkhead/contract';
import type { EnforcementMode, PolicyDecision } from '@bulkhead/policy';
import { formatAge, formatAgo, formatDateTime } from '../format/dates.ts';
import { DECISION_NAMES, ENFORCEMENT_NAMES, SYNC_NAMES } from '../format/words.ts';

export interface BtnProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: 'primary' | 'ghost' | 'link' | 'danger' | 'danger-fill';
  readonly small?: boolean;
  readonly busy?: boolean;
}
const KINDS = {
  primary: 'pri',
  ghost: 'ghost',
  link: 'link',
  danger: 'danger',
  'danger-fill': 'danger-fill',
} as const;
export function Btn({
  kind,
  small = false,
  busy = false,
  className = '',
  children,
  disabled,
  ...rest
}: BtnProps) {
  const classes = ['btn', kind === undefined ? '' : KINDS[kind], small ? 'sm' : '', className]
    .filter((one) => one !== '')
    .join(' ');
  return (
    <button
      type="button"
      className={classes}
      disabled={disabled === true || busy}
      aria-busy={busy}
      {...rest}
    >
      {children}
    </button>
  );
}

/** The time now, renewed while the page is open, so that ages stay true. */
export function useNow(everyMs = 10_000): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Age({
  at,
  ago = false,
}: {
  readonly at: string | null | undefined;
  readonly ago?: boolean;
}) {
  const now = useNow();
  if (at == null) return <span className="t3">-</span>;
  return (
    <time dateTime={at} title={`${formatDateTime(at)}, ${at}`} className="num nw">
      {ago ? formatAgo(at, now) : formatAge(at, now)}
    </time>
  );
}

export function DateTime({
  at,
  note,
}: {
  readonly at: string | null | undefined;
  readonly note?: ReactNode;
}) {
  const now = useNow();
  if (at == null) return <span className="t3">-</span>;
  return (
    <span>
      <time dateTime={at} title={at} className="num">
        {formatDateTime(at)}
      </time>
      <span className="t3" style={{ marginLeft: 10 }}>
        {formatAgo(at, now)}
        {note}
      </span>
    </span>
  );
}

const STEPS: Record<EnforcementMode, number> = {
  idle: 0,
  visibility_only: 1,
  selective: 2,
  full: 3,
};
export function Enforcement({
  mode,
  managed = true,
}: {
  readonly mode: EnforcementMode;
  readonly managed?: boolean;
}) {
  if (!managed) return <span className="enf un">Unmanaged</span>;
  return (
    <span className="enf">
      <i aria-hidden="true">
        {[1, 2, 3].map((step) => (
          <u key={step} className={step <= STEPS[mode] ? 'f' : ''} />
        ))}
      </i>
      {ENFORCEMENT_NAMES[mode]}
    </span>
  );
}

export function Connectivity({
  online,
  managed = true,
}: {
  readonly online: boolean;
  readonly managed?: boolean;
}) {
  if (!managed) return <span className="t3">-</span>;
  return (
    <span className={online ? 'st' : 'st off'}>
      <i aria-hidden="true" />
      {online ? 'Online' : 'Offline'}
    </span>
  );
}

export function PolicySync({ workload }: { readonly workload: WorkloadWire }) {
  const status = workload.agent.status;
  if (!workload.managed || status === undefined) return <span className="t3">-</span>;
  if (status.status === 'suspended' || status.status === 'stopped')
    return (
      <span className="row g6">
        <IconMinus size={14} aria-hidden />
        {status.status === 'suspended' ? 'Suspended' : 'Stopped'}
      </span>
    );
  const state = status.security_policy_sync_state;
  const icons = {
    applied: (
      <span className="allowed-c">
        <IconCheck size={14} aria-hidden />
      </span>
    ),
    syncing: <IconRefresh size={14} className="t2" aria-hidden />,
    staged: (
      <span className="draft-c">
        <IconClock size={14} aria-hidden />
      </span>
    ),
    error: <IconAlertTriangle size={14} aria-hidden />,
  };
  return (
    <span className={state === 'error' ? 'row g6 blocked-c' : 'row g6'}>
      {icons[state]}
      <span>{SYNC_NAMES[state]}</span>
    </span>
  );
}

export function WorkloadIcon({
  workload,
  size = 16,
}: {
  readonly workload: Pick<WorkloadWire, 'managed' | 'ven'>;
  readonly size?: number;
}) {
  if (!workload.managed)
    return (
      <IconSquareDashed size={size} stroke={1.5} aria-label="Unmanaged" role="img" className="i" />
    );
  return workload.ven?.ven_type === 'endpoint' ? (
    <IconDeviceLaptop size={size} stroke={1.5} aria-label="Endpoint" role="img" className="i" />
  ) : (
    <IconServer size={size} stroke={1.5} aria-label="Server" role="img" className="i" />
  );
}

export function NetworkMark({
  name,
  word = false,
}: {
  readonly name: string;
  readonly word?: boolean;
}) {
  const corporate = name === 'Corporate';
  const Icon = corporate ? IconBuilding : IconWorld;
  const mark = (
    <span className={corporate ? 'net c' : 'net e'}>
      <Icon
        size={14}
        stroke={1.5}
        {...(word ? { 'aria-hidden': true } : { 'aria-label': name, role: 'img' })}
      />
      {word ? `(${name})` : null}
    </span>
  );
  return word ? mark : <Tooltip label={name}>{mark}</Tooltip>;
}

const MARKS: Record<PolicyDecision, ReactNode> = {
  allowed: (
    <path
      fill="currentColor"
      fillRule="evenodd"
      d="M8 1.4a6.600 6.600 0 1 1 0 13.200A6.600 6.600 0 0 1 8 1.400zM4.300 8.300l2.700 2.700 4.800-5-1.100-1-3.700 3.900-1.600-1.700z"
    />
  ),
  potentially_blocked: (
    <path
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinejoin="round"
      strokeLinecap="round"
      d="M8 1.900 14.100 8 8 14.100 1.900 8zM8 5.200v3.300M8 10.700h.01"
    />
  ),
  blocked: (
    <path
      fill="currentColor"
      fillRule="evenodd"
      d="M5.300 1.400h5.400l3.900 3.900v5.400l-3.900 3.900H5.300l-3.900-3.900V5.300zM4.300 7v2h7.400V7z"
    />
  ),
};
export const DECISION_CLASS: Record<PolicyDecision, string> = {
  allowed: 'allowed',
  potentially_blocked: 'potential',
  blocked: 'blocked',
};
export function DecisionMark({
  decision,
  size = 14,
}: {
  readonly decision: PolicyDecision;
  readonly size?: number;
}) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      {MARKS[decision]}
    </svg>
  );
}
export function Decision({ decision }: { readonly decision: PolicyDecision | 'unknown' }) {
  if (decision === 'unknown') return <span className="dec muted">Unknown</span>;
  return (
    <span className={`dec ${DECISION_CLASS[decision]}`}>
      <DecisionMark decision={decision} />
      {DECISION_NAMES[decision]}
    </span>
  );
}

export function DraftBadge({ type }: { readonly type: 'create' | 'update' | 'delete' | null }) {
  if (type === null) return null;
  return (
    <span className="bdg draft">
      <IconPencil aria-hidden />
      {type === 'delete' ? 'Draft, deleted' : 'Draft'}
    </span>
  );
}

/** The product's mark. */
export function Logo() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      <path
        d="M3 3.500h16v8.200c0 4-3.400 6.600-8 8.300-4.600-1.700-8-4.300-8-8.300z"
        fill="var(--bh-accent-fill)"
      />
      <path d="M8.300 3.500v15M13.700 3.500v15" stroke="var(--bh-nav)" strokeWidth="1.700" />
    </svg>
  );
}
