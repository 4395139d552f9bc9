import { useState } from 'react';
import { Drawer, Switch, TextInput } from '@mantine/core';
import type { RuleSetWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidateDraft } from '../../api/hooks.ts';
import { plural } from '../../format/numbers.ts';
import { Btn } from '../../ui/Bits.tsx';
import { FormErrors } from '../../ui/Notices.tsx';
import { ScopesEditor, writeScopes, type Scopes } from './Scopes.tsx';

export function EditRuleset({
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
