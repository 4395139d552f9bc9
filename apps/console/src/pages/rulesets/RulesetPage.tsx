import { useState } from 'react';
import { Menu } from '@mantine/core';
import { IconCheck, IconAlertTriangle, IconDots, IconPlus } from '@tabler/icons-react';
import { useNavigate, useParams } from '@tanstack/react-router';
import { rolesAllow, type RuleSetWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidateDraft, useApi } from '../../api/hooks.ts';
import { objectKey } from '../../format/diagnostics.ts';
import { oneOf } from '../../format/filters.ts';
import { plural } from '../../format/numbers.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn, DraftBadge } from '../../ui/Bits.tsx';
import { Confirm } from '../../ui/Confirm.tsx';
import { ErrorNotice, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { useFilters } from '../../ui/Toolbar.tsx';
import { PendingBar } from '../provision/PendingBar.tsx';
import { needsExtraScope, readNewRule } from '../why/new-rule.ts';
import { EditRuleset } from './EditRuleset.tsx';
import { IpTablesTab } from './IpTablesTab.tsx';
import { EMPTY_RULE, type RuleForm } from './rule-edit.ts';
import { RulesTab } from './RulesTab.tsx';
import { ScopesText } from './Scopes.tsx';

const TABS = ['rules', 'iptables'] as const;

/** The rule that a suggestion opened the page with. */
function suggestedRule(text: string | undefined, ruleset: RuleSetWire): RuleForm | null {
  const rule = readNewRule(text);
  if (rule === null) return null;
  return { ...EMPTY_RULE, ...rule, extraScope: needsExtraScope(rule, ruleset.scopes) };
}

function Ruleset({ ruleset, id }: { readonly ruleset: RuleSetWire; readonly id: string }) {
  const navigate = useNavigate();
  const [search, setSearch] = useFilters();
  const [adding, setAdding] = useState<RuleForm | null>(() =>
    suggestedRule(search['new'], ruleset),
  );
  const [modal, setModal] = useState<'edit' | 'delete' | null>(null);
  const tab = oneOf(search['tab'], TABS) ?? 'rules';
  const editable = ruleset.caps.includes('write') && ruleset.update_type !== 'delete';
  const me = useApi('users.me').data;
  const mayIpTables = me !== undefined && rolesAllow('iptables', me.roles);
  const warnings = ruleset.rules.reduce((sum, rule) => sum + rule.warnings.length, 0);
  const add = (extraScope: boolean): void => {
    setSearch({ tab: '' });
    setAdding({ ...EMPTY_RULE, extraScope });
  };
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
                  <Menu.Item
                    onClick={() =>
                      void navigate({
                        to: '/diagnostics',
                        search: { of: objectKey(ruleset.href) },
                      })
                    }
                  >
                    Diagnostics of this ruleset
                  </Menu.Item>
                  <Menu.Item c="var(--bh-blocked)" onClick={() => setModal('delete')}>
                    Delete ruleset
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
              <Btn onClick={() => add(true)}>
                <IconPlus size={16} aria-hidden />
                Add extra-scope rule
              </Btn>
              <Btn kind="primary" onClick={() => add(false)}>
                <IconPlus size={16} aria-hidden />
                Add rule
              </Btn>
            </>
          ) : undefined
        }
      />
      <div className="tabs">
        <button
          type="button"
          className={tab === 'rules' ? 'on' : ''}
          aria-pressed={tab === 'rules'}
          onClick={() => setSearch({ tab: '' })}
        >
          Rules <span className="cnt">{ruleset.rules.length}</span>
        </button>
        <button
          type="button"
          className={tab === 'iptables' ? 'on' : ''}
          aria-pressed={tab === 'iptables'}
          onClick={() => setSearch({ tab: 'iptables' })}
        >
          Custom iptables rules <span className="cnt">{ruleset.ip_tables_rules.length}</span>
        </button>
        <span className="grow" />
        {warnings === 0 ? null : (
          <span className="inline-w">
            <IconAlertTriangle size={14} aria-hidden />
            {plural(warnings, 'warning')}
          </span>
        )}
      </div>
      {tab === 'rules' ? (
        <RulesTab
          ruleset={ruleset}
          editable={editable}
          adding={editable ? adding : null}
          shown={search['rule']}
          onAdd={() => add(false)}
          onAdded={() => {
            setAdding(null);
            if (search['new'] !== undefined) setSearch({ new: '' });
          }}
        />
      ) : (
        <IpTablesTab ruleset={ruleset} editable={editable && mayIpTables} />
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

export function RulesetPage() {
  const { id = '' } = useParams({ strict: false });
  const query = useApi('rule_sets.get', { params: { pversion: 'draft', id } });
  const ruleset = query.data;
  useCrumbs(
    { name: 'Rulesets and Rules' },
    { name: 'Rulesets', to: '/rulesets' },
    { name: ruleset?.name ?? 'Ruleset' },
  );
  if (ruleset !== undefined) return <Ruleset key={id} ruleset={ruleset} id={id} />;
  return (
    <main className="page">
      {query.error === null ? (
        <Skeleton />
      ) : (
        <ErrorNotice error={query.error} what="this ruleset" onRetry={() => void query.refetch()} />
      )}
    </main>
  );
}
