/** Policy tests that fail stop a provision; who may, passes over them with a reason that is kept. */
import { useState } from 'react';
import { Textarea } from '@mantine/core';
import { rolesAllow, type ApiError } from '@bulkhead/contract';
import { useApi } from '../../api/hooks.ts';
import { Btn } from '../../ui/Bits.tsx';
import { FormErrors } from '../../ui/Notices.tsx';

export function TestsStop({
  errors,
  busy,
  onOverride,
}: {
  readonly errors: readonly ApiError[];
  readonly busy: boolean;
  readonly onOverride: (reason: string) => void;
}) {
  const [reason, setReason] = useState('');
  const me = useApi('users.me').data;
  const may = me !== undefined && rolesAllow('override_tests', me.roles);
  return (
    <section aria-label="Policy tests" className="over col g12">
      <FormErrors messages={errors.map((one) => one.message)} />
      {may ? (
        <>
          <Textarea
            label="Reason to provision all the same"
            description="Kept with the version and in the events."
            autosize
            minRows={2}
            maxLength={1000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Btn
            kind="danger"
            busy={busy}
            disabled={reason.trim() === ''}
            style={{ justifyContent: 'center' }}
            onClick={() => onOverride(reason.trim())}
          >
            Override and provision
          </Btn>
        </>
      ) : (
        <p className="t2">Only an owner or administrator can pass over failing policy tests.</p>
      )}
    </section>
  );
}
