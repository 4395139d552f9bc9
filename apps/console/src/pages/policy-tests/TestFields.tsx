import type { ReactNode } from 'react';
import { useState } from 'react';
import { Select, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { POLICY_DECISIONS, PROTOCOLS } from '@bulkhead/policy';
import { useApi } from '../../api/hooks.ts';
import { oneOf } from '../../format/filters.ts';
import { DECISION_NAMES, protocolName } from '../../format/words.ts';
import { Btn } from '../../ui/Bits.tsx';
import { Row } from '../../ui/Notices.tsx';
import { ICMP_PROTOCOLS, PORT_PROTOCOLS } from '../check/question.ts';
import { HostsField } from './HostsField.tsx';
import type { EndForm, TestErrors, TestForm } from './test-form.ts';

export interface TestFieldsProps {
  readonly form: TestForm;
  readonly errors: TestErrors;
  readonly editable: boolean;
  readonly put: (changes: Partial<TestForm>) => void;
}
const DECISIONS = POLICY_DECISIONS.map((value) => ({ value, label: DECISION_NAMES[value] }));
const END_DECISIONS = [...DECISIONS, { value: 'none', label: 'Has no say' }];
const ALL = 10_000;

/** What can decide a connection: boundaries and rules by name, and what decides without either. */
function useDecidingNames(): string[] {
  const options = { params: { pversion: 'draft' }, query: { max_results: ALL } };
  const rulesets = useApi('rule_sets.list', options).data?.items ?? [];
  const boundaries = useApi('enforcement_boundaries.list', options).data?.items ?? [];
  const names = [
    ...rulesets.flatMap((one) => one.rules.map((_, index) => `${one.name}, rule ${index + 1}`)),
    ...boundaries.map((one) => one.name),
  ];
  return [...new Set(['default', 'essential', 'ipv6_mode', ...names])];
}

function ByField({
  label,
  value,
  error,
  disabled,
  onChange,
}: {
  readonly label: string;
  readonly value: readonly string[];
  readonly error?: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (names: readonly string[]) => void;
}) {
  return (
    <TagsInput
      aria-label={label}
      placeholder={value.length === 0 ? 'Anything' : ''}
      maw={520}
      disabled={disabled}
      data={useDecidingNames()}
      value={[...value]}
      error={error}
      onChange={onChange}
    />
  );
}

function EndFields({
  name,
  end,
  error,
  disabled,
  onChange,
}: {
  readonly name: string;
  readonly end: EndForm;
  readonly error: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (end: EndForm) => void;
}) {
  return (
    <Row label={name}>
      <div className="col g6">
        <Select
          aria-label={`${name} says`}
          placeholder="Anything"
          maw={240}
          clearable
          disabled={disabled}
          error={error}
          data={END_DECISIONS}
          value={end.decision === '' ? null : end.decision}
          onChange={(value) =>
            onChange({
              ...end,
              decision: oneOf(value ?? undefined, [...POLICY_DECISIONS, 'none']) ?? '',
            })
          }
        />
        <ByField
          label={`${name} decides by`}
          value={end.by}
          disabled={disabled}
          onChange={(by) => onChange({ ...end, by })}
        />
      </div>
    </Row>
  );
}

function ServiceFields({ form, errors, editable, put }: TestFieldsProps) {
  const protocol = Number(form.proto);
  const protocols = [...new Set([...Object.values(PROTOCOLS).map(String), form.proto])];
  return (
    <>
      <Row label="Protocol">
        <Select
          aria-label="Protocol"
          maw={160}
          searchable
          allowDeselect={false}
          disabled={!editable}
          error={errors.proto}
          data={protocols.map((value) => ({ value, label: protocolName(Number(value)) }))}
          value={form.proto}
          onChange={(proto) =>
            put({ proto: proto ?? '6', ports: '', icmpType: '', icmpCode: '', family: '' })
          }
        />
      </Row>
      {PORT_PROTOCOLS.includes(protocol) ? (
        <Row label="Ports">
          <TextInput
            aria-label="Ports"
            placeholder="443, 8000-8010"
            maw={320}
            classNames={{ input: 'mono' }}
            disabled={!editable}
            error={errors.ports}
            value={form.ports}
            onChange={(event) => put({ ports: event.currentTarget.value })}
          />
        </Row>
      ) : null}
      {ICMP_PROTOCOLS.includes(protocol) ? (
        <Row label="ICMP type, code">
          <div className="row top-al">
            <TextInput
              aria-label="ICMP type"
              placeholder="Echo request"
              w={150}
              disabled={!editable}
              error={errors.icmp_type}
              value={form.icmpType}
              onChange={(event) => put({ icmpType: event.currentTarget.value })}
            />
            <TextInput
              aria-label="ICMP code"
              placeholder="0"
              w={150}
              disabled={!editable}
              error={errors.icmp_code}
              value={form.icmpCode}
              onChange={(event) => put({ icmpCode: event.currentTarget.value })}
            />
          </div>
        </Row>
      ) : null}
    </>
  );
}

function MoreFields({ form, errors, editable, put }: TestFieldsProps) {
  const disabled = !editable;
  return (
    <>
      <Row label="Decided by">
        <ByField
          label="Decided by"
          value={form.by}
          error={errors.by}
          disabled={disabled}
          onChange={(by) => put({ by })}
        />
      </Row>
      <EndFields
        name="The from end"
        end={form.outbound}
        error={errors.outbound}
        disabled={disabled}
        onChange={(outbound) => put({ outbound })}
      />
      <EndFields
        name="The to end"
        end={form.inbound}
        error={errors.inbound}
        disabled={disabled}
        onChange={(inbound) => put({ inbound })}
      />
      <Row label="Addresses">
        <Select
          aria-label="Addresses"
          placeholder="IPv4, else IPv6"
          maw={240}
          clearable
          disabled={disabled}
          error={errors.family}
          data={[
            { value: 'ipv4', label: 'IPv4' },
            { value: 'ipv6', label: 'IPv6' },
          ]}
          value={form.family === '' ? null : form.family}
          onChange={(value) => put({ family: oneOf(value ?? undefined, ['ipv4', 'ipv6']) ?? '' })}
        />
      </Row>
    </>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="fsec">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function TestFields(props: TestFieldsProps) {
  const { form, errors, editable, put } = props;
  const disabled = !editable;
  const [more, setMore] = useState(
    () =>
      form.by.length + form.outbound.by.length + form.inbound.by.length > 0 ||
      [form.outbound.decision, form.inbound.decision, form.family].join('') !== '',
  );
  return (
    <div className="col g20">
      <Section title="General">
        <Row label="Name">
          <TextInput
            aria-label="Name"
            maw={520}
            disabled={disabled}
            value={form.name}
            error={errors.name}
            onChange={(event) => put({ name: event.currentTarget.value })}
          />
        </Row>
        <Row label="Note">
          <Textarea
            aria-label="Note"
            placeholder="Shown with a failure, such as what breaks then"
            maw={520}
            autosize
            minRows={1}
            maxLength={1000}
            disabled={disabled}
            value={form.note}
            error={errors.note}
            onChange={(event) => put({ note: event.currentTarget.value })}
          />
        </Row>
        <Row label="Description">
          <Textarea
            aria-label="Description"
            placeholder="Optional"
            maw={520}
            autosize
            minRows={1}
            disabled={disabled}
            value={form.description}
            error={errors.description}
            onChange={(event) => put({ description: event.currentTarget.value })}
          />
        </Row>
        <Row label="Status">
          <Switch
            mt={6}
            size="sm"
            label={form.enabled ? 'Enabled' : 'Disabled: it stops no provision'}
            aria-label="Enabled"
            disabled={disabled}
            checked={form.enabled}
            onChange={(event) => put({ enabled: event.currentTarget.checked })}
          />
        </Row>
      </Section>
      <Section title="Connections">
        <Row label="From">
          <HostsField
            side="From"
            value={form.from}
            error={errors.from}
            disabled={disabled}
            onChange={(from) => put({ from })}
          />
        </Row>
        <Row label="To">
          <HostsField
            side="To"
            value={form.to}
            error={errors.to}
            disabled={disabled}
            onChange={(to) => put({ to })}
          />
        </Row>
        <ServiceFields {...props} />
        <Row label="Must be">
          <Select
            aria-label="Must be"
            maw={240}
            allowDeselect={false}
            disabled={disabled}
            data={DECISIONS}
            error={errors.decision}
            value={form.decision}
            onChange={(value) =>
              put({ decision: oneOf(value ?? undefined, POLICY_DECISIONS) ?? form.decision })
            }
          />
        </Row>
      </Section>
      <section className="fsec">
        <div>
          <Btn kind="link" small aria-expanded={more} onClick={() => setMore(!more)}>
            {more ? (
              <IconChevronDown size={14} aria-hidden />
            ) : (
              <IconChevronRight size={14} aria-hidden />
            )}
            What decides, and each end by itself
          </Btn>
        </div>
        {more ? <MoreFields {...props} /> : null}
      </section>
    </div>
  );
}
