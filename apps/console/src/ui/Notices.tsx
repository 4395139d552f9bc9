/** Errors, empty states, and the frame of a page. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { IconAlertOctagon, IconInfoCircle } from '@tabler/icons-react';
import { errorsOf, requestIdOf, statusOf } from '../api/failures.ts';
import { Btn } from './Bits.tsx';

export function PageHeader({
  title,
  purpose,
  badges,
  actions,
}: {
  readonly title: string;
  readonly purpose?: ReactNode;
  readonly badges?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className="ph">
      <div className="grow">
        <div className="row wrap" style={{ gap: 10 }}>
          <h1>{title}</h1>
          {badges}
        </div>
        {purpose === undefined ? null : (
          <div className="t3" style={{ marginTop: 2 }}>
            {purpose}
          </div>
        )}
      </div>
      {actions === undefined ? null : <div className="acts">{actions}</div>}
    </div>
  );
}

/** What failed, what is not affected, and a next try. */
export function ErrorNotice({
  error,
  what,
  onRetry,
}: {
  readonly error: unknown;
  readonly what: string;
  readonly onRetry?: () => void;
}) {
  const [open, setOpen] = useState(false);
  const status = statusOf(error);
  const denied = status === 403;
  return (
    <div className="notice bad" role="alert" style={{ margin: '12px 0' }}>
      <IconAlertOctagon size={16} aria-hidden className="i" />
      <div className="grow">
        <b className="b">
          {denied ? `Your role does not include ${what}.` : `Cannot load ${what}.`}
        </b>{' '}
        {errorsOf(error).map((one) => (
          <span key={one.token + one.message}>{one.message} </span>
        ))}
        {denied ? null : <span className="t2">Hosts keep enforcing.</span>}
        {open ? (
          <pre className="code" style={{ marginTop: 8 }}>
            {JSON.stringify(
              { status, errors: errorsOf(error), request_id: requestIdOf(error) },
              null,
              2,
            )}
          </pre>
        ) : null}
      </div>
      {onRetry === undefined ? null : (
        <Btn small onClick={onRetry}>
          Try again
        </Btn>
      )}
      <Btn small kind="ghost" aria-expanded={open} onClick={() => setOpen(!open)}>
        Details
      </Btn>
    </div>
  );
}

/** The server's refusal under a form's title: nothing of the form is lost. */
export function FormErrors({ messages }: { readonly messages: readonly string[] }) {
  if (messages.length === 0) return null;
  return (
    <div className="notice bad" role="alert" style={{ margin: '0 0 12px' }}>
      <IconAlertOctagon size={16} aria-hidden className="i" />
      <div>
        {messages.map((message) => (
          <div key={message}>{message}</div>
        ))}
      </div>
    </div>
  );
}

export function Note({ children }: { readonly children: ReactNode }) {
  return (
    <p className="row top-al t2" style={{ marginTop: 14, maxWidth: 700 }}>
      <IconInfoCircle size={16} className="i t3" aria-hidden style={{ marginTop: 2 }} />
      <span>{children}</span>
    </p>
  );
}

export function Empty({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="emp">
      <h2 style={{ fontSize: 18, lineHeight: '26px' }}>{title}</h2>
      <p className="t2" style={{ maxWidth: 470, marginBottom: 16 }}>
        {children}
      </p>
      {action}
    </div>
  );
}

export function Skeleton({ rows = 8 }: { readonly rows?: number }) {
  return (
    <div
      className="col g16"
      style={{ padding: '16px 0' }}
      aria-busy="true"
      aria-label="Loading"
      role="status"
    >
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="skel" style={{ width: `${88 - ((index * 13) % 40)}%` }} />
      ))}
    </div>
  );
}

export function Row({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="frow">
      <div className="lab">{label}</div>
      <div>{children}</div>
    </div>
  );
}
