import { useState } from 'react';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { PolicyTestWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { DateTime } from '../../ui/Bits.tsx';
import { EditorPage } from '../../ui/EditorPage.tsx';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { useSave } from '../../ui/use-save.ts';
import { Result, TestState } from './Result.tsx';
import { NEW_TEST, readTest, testToForm, type TestErrors, type TestForm } from './test-form.ts';
import { TestFields } from './TestFields.tsx';

const FIELDS = [
  'name',
  'description',
  'note',
  'from',
  'to',
  'proto',
  'ports',
  'icmp_type',
  'icmp_code',
  'family',
  'decision',
  'by',
  'outbound',
  'inbound',
] as const;

function LastResult({ test }: { readonly test: PolicyTestWire }) {
  const { result } = test;
  return (
    <aside className="card" aria-label="Last result">
      <header className="row">
        <h2>Last result</h2>
        <span className="grow" />
        <TestState state={result.state} />
      </header>
      <div className="bd col g8">
        <Result result={result} pversion={String(result.policy_version ?? 'active')} />
        {result.at === null ? null : (
          <p className="t3 sm">
            {result.policy_version === null ? '' : `Version ${result.policy_version}, `}
            <DateTime at={result.at} />
          </p>
        )}
      </div>
    </aside>
  );
}

function Editor({ test, id }: { readonly test: PolicyTestWire | null; readonly id: string }) {
  const navigate = useNavigate();
  const [initial] = useState<TestForm>(() => (test === null ? NEW_TEST : testToForm(test)));
  const [form, setForm] = useState(initial);
  const [errors, setErrors] = useState<TestErrors>({});
  const [seen, setSeen] = useState(test?.updated_at);
  const editable = test === null || test.caps.includes('write');
  const { busy, messages, save } = useSave({
    fields: FIELDS,
    byToken: { name_must_be_unique: 'name' },
    onFieldErrors: setErrors,
    onStale: async () =>
      setSeen((await api().call('policy_tests.get', { params: { id } })).updated_at),
  });
  const back = (): Promise<void> => navigate({ to: '/policy-tests', ignoreBlocker: true });
  async function submit(): Promise<void> {
    const read = readTest(form);
    if (!read.ok) {
      setErrors(read.errors);
      return;
    }
    const saved = await save(async () => {
      if (test === null) await api().call('policy_tests.create', { body: read.body });
      else
        await api().call('policy_tests.update', {
          params: { id },
          query: { if_updated_at: seen },
          body: read.body,
        });
      await invalidate('policy_tests', 'sec_policy');
    });
    if (saved) await back();
  }
  return (
    <main className="page">
      <EditorPage
        title={test === null ? 'New policy test' : `Policy Test - ${test.name}`}
        purpose="Effective at once. Every provision from then on is held against it."
        dirty={!busy && JSON.stringify(form) !== JSON.stringify(initial)}
        busy={busy}
        messages={messages}
        editable={editable}
        onSave={() => void submit()}
        onCancel={() => void navigate({ to: '/policy-tests' })}
        remove={
          test === null || !editable
            ? undefined
            : {
                one: 'policy test',
                name: test.name,
                note: 'Provisions are no longer held against it. This cannot be undone.',
                run: async () => {
                  await api().call('policy_tests.delete', { params: { id } });
                  await invalidate('policy_tests', 'sec_policy');
                  await back();
                },
              }
        }
      >
        <div className={test === null ? '' : 'grid2'}>
          <TestFields
            form={form}
            errors={errors}
            editable={editable}
            put={(changes) => {
              setForm((now) => ({ ...now, ...changes }));
              setErrors({});
            }}
          />
          {test === null ? null : <LastResult test={test} />}
        </div>
      </EditorPage>
    </main>
  );
}

export function PolicyTestPage() {
  const { id = 'new' } = useParams({ strict: false });
  const query = useApi('policy_tests.get', { params: { id } }, { enabled: id !== 'new' });
  const test = query.data;
  useCrumbs(
    { name: 'Policy Tests', to: '/policy-tests' },
    { name: id === 'new' ? 'New' : (test?.name ?? 'Policy test') },
  );
  if (id === 'new') return <Editor key="new" test={null} id="new" />;
  if (test !== undefined) return <Editor key={id} test={test} id={id} />;
  return (
    <main className="page">
      {query.error === null ? (
        <Skeleton />
      ) : (
        <ErrorNotice
          error={query.error}
          what="this policy test"
          onRetry={() => void query.refetch()}
        />
      )}
    </main>
  );
}
