import type { SyntheticEvent } from 'react';
import { useState } from 'react';
import { PasswordInput } from '@mantine/core';
import { errorsOf } from '../../api/failures.ts';
import { anonymous } from '../../api/client.ts';
import { Btn } from '../../ui/Bits.tsx';
import { FormErrors } from '../../ui/Notices.tsx';

/** The token of an invitation link (`#set_password=…`); null for every other address. */
export function invitationIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('set_password');
}

/** Sets the password of an invitation, once; then the user signs in with it. */
export function SetPassword({
  invitation,
  onDone,
}: {
  readonly invitation: string;
  readonly onDone: () => void;
}) {
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setMessages([]);
    try {
      await anonymous().call('login_users.password', {
        params: { id: invitation },
        body: { password },
      });
      onDone();
    } catch (error) {
      setMessages(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <form
      onSubmit={(event) => void submit(event)}
      className="col g16"
      aria-label="Set your password"
    >
      <FormErrors messages={messages} />
      <PasswordInput
        label="New password"
        autoComplete="new-password"
        required
        withAsterisk={false}
        autoFocus
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Btn
        kind="primary"
        type="submit"
        busy={busy}
        style={{ height: 38, justifyContent: 'center', fontSize: 14 }}
      >
        Set password
      </Btn>
    </form>
  );
}
