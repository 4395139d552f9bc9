import { useState } from 'react';
import { Drawer, Menu, Switch, TextInput } from '@mantine/core';
import { IconCheck, IconAlertTriangle, IconDots, IconPlus } from '@tabler/icons-react';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { RuleSetWire, SecRuleWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidateDraft, useApi } from '../../api/hooks.ts';
import { useServices } from '../../api/lookups.ts';
import { isExtraScope } from '../../format/rule-options.ts';
import { plural } from '../../format/numbers.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn, DraftBadge } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { Empty, ErrorNotice, FormErrors, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { PendingBar } from '../provision/PendingBar.tsx';
import { NewRuleRow, RuleRow } from './RuleRow.tsx';
import { ScopesEditor, ScopesText, writeScopes, type Scopes } from './Scopes.tsx';

function EditRuleset({
  ruleset,
  id,
  onClose,
}: {
  readonly ruleset: RuleSetWire;
  readonly id: string;
  readonly onClose: () => void;
}) {
  const [name, setName] = useState(ruleset.name);
  const [enabled, setEnabled] = useState(ruleset.enabled);
  const [scopes, setScopes] = useState<Scopes>(ruleset.scopes.length === 0 ? [[]] : ruleset.scopes);
  const [seen, setSeen] = useState(ruleset.updated_at);
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function save(): Promise<void> {
    setBusy(true);
    setMessages([]);
    const params = { pversion: 'draft', id };
    try {
      await api().call('rule_sets.update', {
        params,
        query: { if_updated_at: seen },
        body: { name: name.trim(), enabled, scopes: writeScopes(scopes) },
      });
      await invalidateDraft('rule_sets');
      onClose();
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        const now = await api().call('rule_sets.get', { params });
        setSeen(now.updated_at);
        setMessages([
          `Somebody else saved this ruleset meanwhile; it is now "${now.name}" with ${plural(now.scopes.length, 'scope')}. What you entered is kept; save again to put it in place of theirs.`,
        ]);
      } else setMessages(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <Drawer opened onClose={onClose} title={`Edit ${ruleset.name}`} size={620}>
      <form
        className="col g16"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <FormErrors messages={messages} />
        <TextInput
          label="Name"
          value={name}
          error={name.trim() === '' ? 'A ruleset needs a name.' : null}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Switch
          size="sm"
          label="Enabled"
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
        <section>
          <h3 style={{ marginBottom: 6 }}>Scopes</h3>
          <ScopesEditor value={scopes} onChange={setScopes} />
        </section>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn onClick={onClose}>Cancel</Btn>
          <Btn kind="primary" type="submit" busy={busy} disabled={name.trim() === ''}>
            Save
          </Btn>
        </div>
      </form>
    </Drawer>
  );
}

export function RulesetPage() {
  const { id = '' } = useParams({ strict: false });
  const query = useApi('rule_sets.get', { params: { pversion: 'draft', id } });
  const ruleset = query.data;
  useCrumbs(
    { name: 'Rulesets and Rules' },
    { name: 'Rulesets', to: '/rulesets' },
    { name: ruleset?.name ?? 'Ruleset' },
  );
  const services = useServices();
  const navigate = useNavigate();
  const [adding, setAdding] = useState<'intra' | 'extra' | null>(null);
  const [modal, setModal] = useState<'edit' | 'delete' | null>(null);
  if (ruleset === undefined)
    return (
      <main className="page">
        {query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="this ruleset"
            onRetry={() => void query.refetch()}
          />
        )}
      </main>
    );
  const editable = ruleset.caps.includes('write') && ruleset.update_type !== 'delete';
  const numbered = ruleset.rules.map((rule, index) => ({ rule, number: index + 1 }));
  const warnings = ruleset.rules.reduce((sum, rule) => sum + rule.warnings.length, 0);
  const rows = (wanted: boolean): { rule: SecRuleWire; number: number }[] =>
    numbered.filter(({ rule }) => isExtraScope(rule) === wanted);
  const group = (title: string, note: string, extra: boolean) => (
    <div role="rowgroup" aria-label={title}>
      <div className="rg">
        {title} <span className="t3">{note}</span>
      </div>
      {rows(extra).map(({ rule, number }) => (
        <RuleRow
          key={rule.href}
          ruleSetId={id}
          rule={rule}
          number={number}
          services={services}
          editable={editable}
        />
      ))}
      {adding === (extra ? 'extra' : 'intra') ? (
        <NewRuleRow
          ruleSetId={id}
          extraScope={extra}
          services={services}
          onClose={() => setAdding(null)}
        />
      ) : null}
      {rows(extra).length === 0 && adding !== (extra ? 'extra' : 'intra') ? (
        <div
          className="t3"
          style={{ padding: '10px 14px', borderBottom: '1px solid var(--bh-line)' }}
        >
          No {extra ? 'extra-scope' : 'intra-scope'} rules.
        </div>
      ) : null}
    </div>
  );
  return (
    <main className="page">
      <PageHeader
        title={ruleset.name}
        badges={
          <>
            {ruleset.enabled ? (
              <span className="bdg">
                <IconCheck aria-hidden />
                Enabled
              </span>
            ) : (
              <span className="bdg">Disabled</span>
            )}
            <DraftBadge type={ruleset.update_type} />
          </>
        }
        purpose={
          <span className="row wrap" style={{ marginTop: 6 }}>
            <span>Scope</span>
            <ScopesText scopes={ruleset.scopes} />
            {editable ? (
              <Btn kind="link" small onClick={() => setModal('edit')}>
                Edit scopes
              </Btn>
            ) : null}
          </span>
        }
        actions={
          editable ? (
            <>
              <Menu position="bottom-end">
                <Menu.Target>
                  <Btn aria-label="More">
                    <IconDots size={16} aria-hidden />
                  </Btn>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => setModal('edit')}>Edit ruleset</Menu.Item>
                  <Menu.Item c="var(--bh-blocked)" onClick={() => setModal('delete')}>
                    Delete ruleset
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
              <Btn onClick={() => setAdding('extra')}>
                <IconPlus size={16} aria-hidden />
                Add extra-scope rule
              </Btn>
              <Btn kind="primary" onClick={() => setAdding('intra')}>
                <IconPlus size={16} aria-hidden />
                Add rule
              </Btn>
            </>
          ) : undefined
        }
      />
      <div className="tabs">
        <span className="on row">
          Rules <span className="cnt">{ruleset.rules.length}</span>
        </span>
        <span className="grow" />
        {warnings === 0 ? null : (
          <span className="inline-w">
            <IconAlertTriangle size={14} aria-hidden />
            {plural(warnings, 'warning')}
          </span>
        )}
      </div>
      {ruleset.rules.length === 0 && adding === null ? (
        <Empty
          title="No rules yet"
          action={
            editable ? (
              <Btn kind="primary" onClick={() => setAdding('intra')}>
                Add the first rule
              </Btn>
            ) : undefined
          }
        >
          A rule allows its consumers to reach its providers on its services.
        </Empty>
      ) : (
        <div
          className="tcard"
          style={{ marginTop: 14, flex: 'none', overflowX: 'auto' }}
          role="table"
          aria-label="Rules"
        >
          <div style={{ minWidth: 960 }}>
            <div className="rule h" role="row">
              <div />
              <div role="columnheader">Consumers</div>
              <div />
              <div role="columnheader">Providing Services</div>
              <div />
              <div role="columnheader">Providers</div>
              <div role="columnheader">Rule Options</div>
              <div />
            </div>
            {group('Intra-scope rules', 'consumers and providers are both in the scope', false)}
            {group('Extra-scope rules', 'consumers may be outside the scope', true)}
          </div>
        </div>
      )}
      <span className="grow" style={{ minHeight: 24 }} />
      <PendingBar />
      {modal === 'edit' ? (
        <EditRuleset ruleset={ruleset} id={id} onClose={() => setModal(null)} />
      ) : null}
      {modal === 'delete' ? (
        <Confirm
          title={`Delete ${ruleset.name}`}
          action="Delete ruleset"
          danger
          onClose={() => setModal(null)}
          onConfirm={async () => {
            await api().call('rule_sets.delete', { params: { pversion: 'draft', id } });
            await invalidateDraft('rule_sets');
            await navigate({ to: '/rulesets' });
          }}
        >
          Its {plural(ruleset.rules.length, 'rule')} go with it. The deletion is a draft; hosts drop
          the rules once you provision.
        </Confirm>
      ) : null}
    </main>
  );
}
