import { useState } from 'react';
import { IconAlertTriangle, IconBuilding, IconPencil, IconWorld } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import type { EnforcementBoundaryWire } from '@bulkhead/contract';
import { type NetworkType } from '@bulkhead/policy';
import { api } from '../../api/client.ts';
import { invalidateDraft } from '../../api/hooks.ts';
import { useServices } from '../../api/lookups.ts';
import { actorKey } from '../../format/actors.ts';
import { objectKey } from '../../format/diagnostics.ts';
import { NETWORK_PROFILE_NAMES } from '../../format/words.ts';
import { Btn, DraftBadge } from '../../ui/Bits.tsx';
import { ActorChip, ServiceName } from '../../ui/Chips.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Note, PageHeader, Row } from '../../ui/Notices.tsx';
import { PendingBar } from '../provision/PendingBar.tsx';

export function FqdnNotice() {
  return (
    <div className="notice y">
      <IconAlertTriangle size={16} className="i" aria-hidden />
      <div>
        <b className="b">FQDN is not supported.</b> The PCE allows adding FQDNs to IP lists, but
        drops them where this boundary denies outbound traffic to such a list.
      </div>
    </div>
  );
}
export function Definition() {
  return (
    <Note>
      A boundary stops every connection from its consumers to its providers on its services, unless
      a rule lets that connection cross. It acts once provisioned.
    </Note>
  );
}
export function ProfileText({ type }: { readonly type: NetworkType }) {
  return (
    <span className="row g6">
      {type === 'brn' ? (
        <IconBuilding size={16} stroke={1.5} className="corporate-c" aria-hidden />
      ) : (
        <IconWorld size={16} stroke={1.5} className="external-c" aria-hidden />
      )}
      {NETWORK_PROFILE_NAMES[type]}
      {type === 'brn' ? <span className="t3">(Default)</span> : null}
    </span>
  );
}

export function BoundaryView({
  boundary,
  id,
  onEdit,
}: {
  readonly boundary: EnforcementBoundaryWire;
  readonly id: string;
  readonly onEdit: () => void;
}) {
  const services = useServices();
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const editable = boundary.caps.includes('write') && boundary.update_type !== 'delete';
  return (
    <>
      <PageHeader
        title={`Enforcement Boundaries - ${boundary.name}`}
        badges={<DraftBadge type={boundary.update_type} />}
        actions={
          editable ? (
            <>
              <Link className="btn" to="/diagnostics" search={{ of: objectKey(boundary.href) }}>
                Diagnostics
              </Link>
              <Btn kind="danger" onClick={() => setDeleting(true)}>
                Delete
              </Btn>
              <Btn kind="primary" onClick={onEdit}>
                <IconPencil size={16} stroke={1.5} aria-hidden />
                Edit
              </Btn>
            </>
          ) : undefined
        }
      />
      <FqdnNotice />
      {boundary.warnings.map((warning) => (
        <div key={warning.message} className="inline-w" style={{ marginTop: 10 }}>
          <IconAlertTriangle size={14} aria-hidden />
          {warning.message}
        </div>
      ))}
      <div className="col g20" style={{ marginTop: 18 }}>
        <section className="fsec">
          <h2>General</h2>
          <Row label="Name">
            <div style={{ paddingTop: 6 }}>{boundary.name}</div>
          </Row>
        </section>
        <section className="fsec">
          <h2>Enforcement Boundaries</h2>
          <Row label="Consumers">
            <div className="cellflex" style={{ minHeight: 32 }}>
              {boundary.consumers.map((actor) => (
                <ActorChip key={actorKey(actor)} actor={actor} />
              ))}
            </div>
          </Row>
          <Row label="Provider">
            <div className="cellflex" style={{ minHeight: 32 }}>
              {boundary.providers.map((actor) => (
                <ActorChip key={actorKey(actor)} actor={actor} />
              ))}
            </div>
          </Row>
          <Row label="Providing Services">
            <div className="cellflex" style={{ minHeight: 32 }}>
              {boundary.ingress_services.map((service, index) => (
                <ServiceName
                  key={`${service.href ?? ''}${index}`}
                  service={service}
                  services={services}
                />
              ))}
            </div>
          </Row>
          <Row label="Status">
            <div style={{ paddingTop: 6 }}>{boundary.enabled ? 'Enabled' : 'Disabled'}</div>
          </Row>
          <Row label="Network Profile">
            <div className="row" style={{ minHeight: 32 }}>
              <ProfileText type={boundary.network_type} />
              {editable ? (
                <Btn small aria-label="Edit Network Profile" onClick={onEdit}>
                  Edit
                </Btn>
              ) : null}
            </div>
          </Row>
          <Definition />
        </section>
      </div>
      <span className="grow" style={{ minHeight: 24 }} />
      <PendingBar />
      {deleting ? (
        <Confirm
          title={`Delete ${boundary.name}`}
          action="Delete enforcement boundary"
          danger
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await api().call('enforcement_boundaries.delete', {
              params: { pversion: 'draft', id },
            });
            await invalidateDraft('enforcement_boundaries');
            await navigate({ to: '/boundaries' });
          }}
        >
          The deletion is a draft. Hosts stop blocking by it once you provision.
        </Confirm>
      ) : null}
    </>
  );
}
