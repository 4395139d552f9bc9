/** `illumio-ven-ctl explain`: a VEN asks about connections of its own host. */
import type { ConnectionQuestion, ExplanationWire } from '@bulkhead/contract';
import type { Compute } from '../compute/compute.ts';
import { addressOf, requireWorkload } from '../compute/connection.ts';
import { explain } from '../compute/explain.ts';
import { DomainError } from '../http/domain-error.ts';
import type { ContextOf } from '../http/routes.ts';
import { requirePaired } from './refuse-unpaired.ts';
import { workloadHref } from './ven-access.ts';

/** An address of the host stands for the host on any of its interfaces, whoever else has that address. */
export async function explainToVen(
  compute: Compute,
  { db, caller, body }: ContextOf<'ven.explain'>,
): Promise<ExplanationWire> {
  await requirePaired(db, caller.venId);
  const { orgId } = caller;
  const own = workloadHref(orgId, caller.venId);
  const { interfaces } = await requireWorkload(db, orgId, own);
  const addresses = new Set(interfaces.map(({ address }) => address));
  const workloadAt = (workload: string | undefined, ip: string | undefined, name: string) => {
    if (workload !== undefined || ip === undefined) return workload;
    return addresses.has(addressOf(ip, name)) ? own : undefined;
  };
  const question: ConnectionQuestion = {
    ...body,
    src_workload: workloadAt(body.src_workload, body.src_ip, 'src_ip'),
    dst_workload: workloadAt(body.dst_workload, body.dst_ip, 'dst_ip'),
  };
  if (question.src_workload !== own && question.dst_workload !== own)
    throw new DomainError(
      'forbidden',
      `A VEN may ask about its own host alone: one end must be ${own} or one of its addresses (${[...addresses].join(', ') || 'none is reported'})`,
    );
  return explain(db, compute, { orgId, at: 'active', question });
}
