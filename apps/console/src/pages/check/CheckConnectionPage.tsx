/** What the policy says of any connection, tried or not: draft, active or a version from before. */
import { useState } from 'react';
import { MultiSelect, Select, TextInput } from '@mantine/core';
import { IconArrowsExchange, IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { ConnectionQuestion } from '@bulkhead/contract';
import { PROTOCOLS } from '@bulkhead/policy';
import { useApi } from '../../api/hooks.ts';
import { useUserGroups } from '../../api/lookups.ts';
import { protocolName } from '../../format/words.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn } from '../../ui/Bits.tsx';
import { Empty, ErrorNotice, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { useVersionChoices } from '../provision/versions.ts';
import { ExplanationCard } from '../why/ExplanationCard.tsx';
import { EndField } from './EndField.tsx';
import {
  askOf,
  ICMP_PROTOCOLS,
  PORT_PROTOCOLS,
  questionSearch,
  readQuestion,
  type QuestionErrors,
  type QuestionForm,
} from './question.ts';

const KNOWN_PROTOCOLS = Object.values(PROTOCOLS).map(String);

function MoreFields({
  form,
  put,
}: {
  readonly form: QuestionForm;
  readonly put: (changes: Partial<QuestionForm>) => void;
}) {
  const groups = useUserGroups().map((one) => ({ value: one.sid, label: one.name }));
  return (
    <div className="check-more">
      <TextInput
        label="Program that answers"
        description="Path, on a Windows provider"
        classNames={{ input: 'mono' }}
        value={form.process}
        onChange={(event) => put({ process: event.currentTarget.value })}
      />
      <TextInput
        label="Windows service that answers"
        description="Its short name"
        classNames={{ input: 'mono' }}
        value={form.windows_service}
        onChange={(event) => put({ windows_service: event.currentTarget.value })}
      />
      <TextInput
        label="Name of the destination"
        description="By which an address outside was resolved"
        classNames={{ input: 'mono' }}
        value={form.fqdn}
        onChange={(event) => put({ fqdn: event.currentTarget.value })}
      />
      <MultiSelect
        label="User groups"
        description="Of the user who connects, on Windows"
        searchable
        clearable
        nothingFoundMessage="No user group of that name is known."
        data={groups}
        value={form.principals.split(',').filter((sid) => sid !== '')}
        onChange={(sids) => put({ principals: sids.join(',') })}
      />
    </div>
  );
}

function Answer({
  body,
  pversion,
}: {
  readonly body: ConnectionQuestion;
  readonly pversion: string;
}) {
  const query = useApi('sec_policy.explain_connection', { params: { pversion }, body });
  if (query.data !== undefined)
    return (
      <div className="tcard" style={{ flex: 'none' }} aria-live="polite">
        <ExplanationCard explanation={query.data} />
      </div>
    );
  return query.error === null ? (
    <Skeleton rows={5} />
  ) : (
    <ErrorNotice error={query.error} what="the answer" onRetry={() => void query.refetch()} />
  );
}

export function CheckConnectionPage() {
  useCrumbs({ name: 'Explore', to: '/explore' }, { name: 'Check a Connection' });
  const [search, setSearch] = useFilters();
  const [form, setForm] = useState<QuestionForm>(() => readQuestion(search));
  const [errors, setErrors] = useState<QuestionErrors>({});
  const versions = useVersionChoices();
  const [more, setMore] = useState(
    () => [form.process, form.windows_service, form.fqdn, form.principals].join('') !== '',
  );
  const protocol = Number(form.protocol);
  const asked = search['dst_workload'] !== undefined || search['dst_ip'] !== undefined;
  const current = readQuestion(search);
  const answer = asked ? askOf(current) : null;
  const put = (changes: Partial<QuestionForm>): void => {
    setForm((now) => ({ ...now, ...changes }));
    setErrors({});
  };
  function check(): void {
    const next = askOf(form);
    if (next.ok) setSearch(questionSearch(form));
    else setErrors(next.errors);
  }
  const protocols = KNOWN_PROTOCOLS.includes(form.protocol)
    ? KNOWN_PROTOCOLS
    : [...KNOWN_PROTOCOLS, form.protocol];
  return (
    <main className="page">
      <PageHeader
        title="Check a Connection"
        purpose="Whether a new connection passes, what decides it at each end, and what would let it pass. No packet is sent."
      />
      <form
        className="card check"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          check();
        }}
      >
        <div className="check-fields">
          <EndField
            label="Source"
            value={{ workload: form.src_workload, address: form.src_ip }}
            error={errors.src_workload}
            onChange={({ workload, address }) => put({ src_workload: workload, src_ip: address })}
          />
          <button
            type="button"
            className="icb swap"
            aria-label="Swap source and destination"
            title="Swap source and destination"
            onClick={() =>
              put({
                src_workload: form.dst_workload,
                src_ip: form.dst_ip,
                dst_workload: form.src_workload,
                dst_ip: form.src_ip,
              })
            }
          >
            <IconArrowsExchange size={16} stroke={1.5} aria-hidden />
          </button>
          <EndField
            label="Destination"
            value={{ workload: form.dst_workload, address: form.dst_ip }}
            error={errors.dst_workload}
            onChange={({ workload, address }) => put({ dst_workload: workload, dst_ip: address })}
          />
          <Select
            label="Protocol"
            searchable
            allowDeselect={false}
            error={errors.protocol}
            data={protocols.map((one) => ({ value: one, label: protocolName(Number(one)) }))}
            value={form.protocol}
            onChange={(value) => put({ protocol: value ?? '6', port: '', icmp_type: '' })}
          />
          {PORT_PROTOCOLS.includes(protocol) ? (
            <TextInput
              label="Port"
              inputMode="numeric"
              error={errors.port}
              value={form.port}
              onChange={(event) => put({ port: event.currentTarget.value.trim() })}
            />
          ) : ICMP_PROTOCOLS.includes(protocol) ? (
            <TextInput
              label="ICMP type"
              placeholder="Echo request"
              inputMode="numeric"
              error={errors.icmp_type}
              value={form.icmp_type}
              onChange={(event) => put({ icmp_type: event.currentTarget.value.trim() })}
            />
          ) : null}
          <Select
            label="Policy"
            searchable
            allowDeselect={false}
            data={versions}
            value={form.pversion}
            onChange={(value) => put({ pversion: value ?? 'active' })}
          />
        </div>
        {more ? <MoreFields form={form} put={put} /> : null}
        <div className="row" style={{ marginTop: 12 }}>
          <Btn
            kind="link"
            small
            aria-expanded={more}
            onClick={() => {
              setMore(!more);
            }}
          >
            {more ? (
              <IconChevronDown size={14} aria-hidden />
            ) : (
              <IconChevronRight size={14} aria-hidden />
            )}
            Program, name and user groups
          </Btn>
          <span className="grow" />
          <Btn kind="primary" type="submit">
            Check
          </Btn>
        </div>
      </form>
      <div style={{ height: 16 }} />
      {answer === null ? (
        <Empty title="No connection asked yet">
          Choose who connects, who is reached, and on which service.
        </Empty>
      ) : answer.ok ? (
        <Answer body={answer.body} pversion={current.pversion} />
      ) : (
        <Empty title="This connection cannot be asked">
          {Object.values(answer.errors).join(' ')}
        </Empty>
      )}
    </main>
  );
}
