/** Chooses providing services: named ones, or ports typed as tcp/443. */
import { useState } from 'react';
import { IconPlus } from '@tabler/icons-react';
import type { IngressServiceWire } from '@bulkhead/contract';
import { useServices } from '../api/lookups.ts';
import { parsePort, portsText } from '../format/services.ts';
import { ServiceName } from './Chips.tsx';

function keyOf(service: IngressServiceWire): string {
  return service.href?.split('/').at(-1) ?? portsText([service]);
}

export function ServicePicker({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: readonly IngressServiceWire[];
  readonly onChange: (value: readonly IngressServiceWire[]) => void;
}) {
  const services = useServices();
  const [text, setText] = useState('');
  const chosen = new Set(value.map(keyOf));
  const lower = text.trim().toLowerCase();
  const found = services
    .filter((service) => !chosen.has(keyOf(service)))
    .filter((service) =>
      `${service.name} ${portsText(service.service_ports ?? [])}`.toLowerCase().includes(lower),
    );
  const looksLikePort = /^\s*(tcp|udp)\b|^\s*\d/i.test(text);
  const port = looksLikePort ? parsePort(text) : null;
  const inline =
    port?.ok === true && (port.value.proto === 6 || port.value.proto === 17) ? port.value : null;
  const add = (service: IngressServiceWire): void => {
    onChange([...value, service]);
    setText('');
  };
  return (
    <div>
      <div style={{ padding: '10px 12px', borderBottom: '1px solid var(--bh-line)' }}>
        <div className="in tags">
          {value.map((service) => (
            <span key={keyOf(service)} className="chip">
              <span>
                <ServiceName service={service} services={services} />
              </span>
              <button
                type="button"
                aria-label={`Remove ${service.name ?? portsText([service])}`}
                onClick={() => onChange(value.filter((one) => one !== service))}
              >
                ×
              </button>
            </span>
          ))}
          <input
            data-autofocus
            aria-label={`Search for ${label}`}
            placeholder={value.length === 0 ? 'Name, or a port such as tcp/443' : ''}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Backspace' && text === '' && value.length > 0)
                onChange(value.slice(0, -1));
              if (event.key !== 'Enter' || text === '') return;
              event.preventDefault();
              const first = found[0];
              if (inline !== null) add(inline);
              else if (first !== undefined) add({ href: first.href, name: first.name });
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
      <div style={{ padding: 6, height: 206, overflowY: 'auto' }}>
        {inline === null ? null : (
          <button
            type="button"
            className="optb"
            aria-label={`Add ${portsText([inline])}`}
            onClick={() => add(inline)}
          >
            <IconPlus size={14} aria-hidden />
            <span className="addr">{portsText([inline])}</span>
            <span className="cnt">this port alone</span>
          </button>
        )}
        {port !== null && !port.ok && found.length === 0 ? (
          <p className="errt" style={{ padding: '0 8px' }}>
            {port.message}
          </p>
        ) : null}
        {found.map((service) => (
          <button
            key={service.href}
            type="button"
            className="optb"
            aria-label={service.name}
            onClick={() => add({ href: service.href, name: service.name })}
          >
            <ServiceName service={{ href: service.href, name: service.name }} services={services} />
          </button>
        ))}
        {found.length === 0 && port === null ? (
          <p className="t3 sm" style={{ padding: 8 }}>
            No service is named like that. Type a port, such as tcp/443.
          </p>
        ) : null}
      </div>
    </div>
  );
}
