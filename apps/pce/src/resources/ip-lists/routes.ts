import type { z } from 'zod';
import {
  formatSpan,
  joinSpans,
  parseAddress,
  parsePrefix,
  parseRange,
  parseSpan,
  spansCover,
  spansHold,
  subtractSpans,
  type AddressSpan,
} from '@bulkhead/net';
import type { endpoints, IpListWire } from '@bulkhead/contract';
import type { Deps } from '../../deps.ts';
import type { UserCaller } from '../../http/caller.ts';
import { DomainError } from '../../http/domain-error.ts';
import type { Routes } from '../../http/routes.ts';
import { deleteMany } from '../../provisioning/delete-many.ts';
import {
  createDraft,
  deleteUnused,
  lockDraft,
  mustBeDraft,
  updateDraft,
} from '../../provisioning/drafts.ts';
import {
  matchesCommon,
  pageOf,
  viewOf,
  viewsOf,
  type ObjectView,
} from '../../provisioning/objects.ts';
import { capsOfOwn, defined, presentVersioned } from '../../provisioning/present.ts';
import { isFqdn } from '../../provisioning/fqdn.ts';
import type { StoredIpList } from '../../provisioning/stored-content.ts';

const TYPE = 'ip_lists';
const REFUSAL = 'ip_list_referenced';
type Body = z.output<(typeof endpoints)['ip_lists.create']['body']>;

function present(view: ObjectView<typeof TYPE>, caller: UserCaller): IpListWire {
  const { content } = view;
  return {
    ...presentVersioned(view),
    name: content.name,
    description: content.description,
    ip_ranges: content.ip_ranges.map(({ to_ip, description, ...range }) => ({
      ...range,
      ...(to_ip === null ? {} : { to_ip }),
      ...(description === null ? {} : { description }),
    })),
    fqdns: content.fqdns.map(({ fqdn, description }) => ({
      fqdn,
      ...(description === null ? {} : { description }),
    })),
    external_data_set: content.external_data_set,
    external_data_reference: content.external_data_reference,
    caps: capsOfOwn(view, caller),
  };
}

function spanOf(range: NonNullable<Body['ip_ranges']>[number], member: string): AddressSpan {
  const { from_ip: from, to_ip: to } = range;
  if (to != null && to !== '' && from.includes('/')) {
    throw new DomainError(
      'invalid_ip_address',
      `${member}: a CIDR block takes no to_ip; leave one of them out`,
    );
  }
  const parsed =
    to != null && to !== ''
      ? parseRange(from, to)
      : from.includes('/')
        ? parsePrefix(from)
        : parseSpan(from);
  if (!parsed.ok) throw new DomainError('invalid_ip_address', `${member}: ${parsed.message}`);
  return parsed.value;
}

/** Ranges as they are stored; exclusions must lie inside what is included. */
function rangesOf(ranges: NonNullable<Body['ip_ranges']>): StoredIpList['ip_ranges'] {
  const spans = ranges.map((range, index) => spanOf(range, `ip_ranges[${index}]`));
  const included = spans.filter((_, index) => ranges[index]?.exclusion !== true);
  return ranges.map((range, index) => {
    const span = spans[index];
    if (range.exclusion === true && span !== undefined && !spansCover(included, span)) {
      throw new DomainError(
        'input_validation_error',
        `ip_ranges[${index}]: the exclusion ${formatSpan(span)} is outside the ranges of the list, so it excludes nothing; add the range it is part of`,
      );
    }
    return {
      from_ip: range.from_ip,
      to_ip: range.to_ip === '' ? null : (range.to_ip ?? null),
      exclusion: range.exclusion ?? false,
      description: range.description ?? null,
    };
  });
}

function fqdnsOf(fqdns: NonNullable<Body['fqdns']>): StoredIpList['fqdns'] {
  return fqdns.map(({ fqdn, description }, index) => {
    if (!isFqdn(fqdn)) {
      throw new DomainError(
        'input_validation_error',
        `fqdns[${index}]: "${fqdn}" is no name; write one such as www.example.com or *.example.com`,
      );
    }
    return { fqdn, description: description ?? null };
  });
}

function holds(content: StoredIpList, text: string): boolean {
  const of = (exclusion: boolean) =>
    content.ip_ranges
      .filter((range) => range.exclusion === exclusion)
      .map((range) => spanOf(range, ''));
  const address = parseAddress(text);
  if (address === null)
    return content.ip_ranges.some((range) =>
      `${range.from_ip} ${range.to_ip ?? ''}`.includes(text),
    );
  return spansHold(subtractSpans(joinSpans(of(false)), of(true)), address);
}

export function ipListRoutes(deps: Deps): Routes {
  return {
    'ip_lists.list': async ({ db, orgId, params, query, caller }) => {
      const { ip_address: address, fqdn } = query;
      if (address !== undefined && !/^[0-9a-fA-F:.]{1,45}$/.test(address)) {
        throw new DomainError(
          'invalid_ip_address',
          `ip_address: "${address}" is not an address or a part of one`,
        );
      }
      const views = (await viewsOf(db, orgId, { type: TYPE, word: params.pversion })).filter(
        ({ content }) =>
          matchesCommon(content, query) &&
          (fqdn === undefined ||
            content.fqdns.some((item) => item.fqdn.toLowerCase().includes(fqdn.toLowerCase()))) &&
          (address === undefined || holds(content, address)),
      );
      return {
        items: pageOf(views, query).map((view) => present(view, caller)),
        total: views.length,
      };
    },
    'ip_lists.get': async ({ db, orgId, params, caller }) =>
      present(
        await viewOf(db, orgId, { type: TYPE, word: params.pversion, id: params.id }),
        caller,
      ),
    'ip_lists.create': async (context) => {
      const { body, params, caller } = context;
      mustBeDraft(params.pversion);
      const content: StoredIpList = {
        name: body.name,
        description: body.description ?? null,
        ip_ranges: rangesOf(body.ip_ranges ?? []),
        fqdns: fqdnsOf(body.fqdns ?? []),
        external_data_set: body.external_data_set ?? null,
        external_data_reference: body.external_data_reference ?? null,
      };
      return present(await createDraft(deps, context, { type: TYPE, content }), caller);
    },
    'ip_lists.update': async (context) => {
      const { body, params } = context;
      mustBeDraft(params.pversion);
      const view = await lockDraft(context, { type: TYPE, id: params.id });
      const { ip_ranges: ranges, fqdns, ...rest } = body;
      const content: StoredIpList = {
        ...view.content,
        ...defined(rest),
        ...(ranges === undefined ? {} : { ip_ranges: rangesOf(ranges) }),
        ...(fqdns === undefined ? {} : { fqdns: fqdnsOf(fqdns) }),
      };
      await updateDraft(deps, context, { view, content });
    },
    'ip_lists.delete': async (context) => {
      const { pversion, id } = context.params;
      mustBeDraft(pversion);
      await deleteUnused(deps, context, { type: TYPE, id, refusal: REFUSAL });
    },
    'ip_lists.delete_many': async (context) => {
      const { orgId, params, body } = context;
      mustBeDraft(params.pversion);
      await deleteMany({ orgId, types: [TYPE] }, body.hrefs, ([id = '']) =>
        deleteUnused(deps, { ...context, ifUpdatedAt: null }, { type: TYPE, id, refusal: REFUSAL }),
      );
    },
  };
}
