import type { SyntheticEvent } from 'react';
import { useEffect, useState } from 'react';
import { PasswordInput, TextInput } from '@mantine/core';
import { errorsOf, statusOf } from '../api/failures.ts';
import { anonymous, signIn } from '../api/client.ts';
import { completeAtProvider, leaveForProvider, takeProviderAnswer } from '../api/single-sign-on.ts';
import { Btn, Logo } from '../ui/Bits.tsx';
import { invitationIn, SetPassword } from './access/SetPassword.tsx';
import { FormErrors } from '../ui/Notices.tsx';

function refusal(error: unknown): string[] {
  const status = statusOf(error);
  if (status === 401) return ['Email or password is wrong. Check both, then sign in again.'];
  if (status === 429) {
    const said = errorsOf(error).map((one) => one.message);
    return ['Too many wrong passwords. This account waits before it looks at another.', ...said];
  }
  return errorsOf(error).map((one) => one.message);
}

/** Read before anything is drawn, since reading takes it out of the address bar. */
const providerAnswer = takeProviderAnswer();
/** Begun once, however often the page is drawn: a code serves once. */
let completion: Promise<void> | undefined;

function ssoRefusal(error: unknown): string[] {
  return errorsOf(error).map((one) => one.message);
}

/** Shown only where an identity provider is set up; comes back from there with the session. */
function SingleSignOn({ onRefusal }: { readonly onRefusal: (messages: string[]) => void }) {
  const [enabled, setEnabled] = useState(false);
  const [busy, setBusy] = useState(providerAnswer !== null && 'code' in providerAnswer);
  useEffect(() => {
    const refused = (error: unknown): void => {
      setBusy(false);
      onRefusal(ssoRefusal(error));
    };
    // A PCE that does not answer says so when somebody signs in.
    anonymous()
      .call('single_sign_on.get')
      .then((answer) => setEnabled(answer.enabled))
      .catch(() => undefined);
    if (providerAnswer === null) return;
    if ('refusal' in providerAnswer) onRefusal([providerAnswer.refusal]);
    else {
      completion ??= completeAtProvider(providerAnswer);
      completion.catch(refused);
    }
  }, [onRefusal]);
  function leave(): void {
    setBusy(true);
    onRefusal([]);
    leaveForProvider().catch((error: unknown) => {
      setBusy(false);
      onRefusal(ssoRefusal(error));
    });
  }
  if (!enabled) return null;
  return (
    <Btn busy={busy} onClick={leave} style={{ height: 38, justifyContent: 'center', fontSize: 14 }}>
      Sign in with single sign-on
    </Btn>
  );
}

function Picture() {
  return (
    <svg
      className="pic"
      viewBox="0 0 880 900"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
      fill="none"
    >
      <g stroke="var(--bh-line-strong)" strokeWidth="1.5">
        <path
          d="M120 240H760V520C760 640 630 716 440 776C250 716 120 640 120 520Z"
          fill="var(--bh-bg)"
        />
        <path d="M333 240V374M333 406V736M547 240V736" />
      </g>
      <g stroke="var(--bh-accent)" strokeWidth="1.6">
        <path d="M170 330C240 330 250 390 300 390M190 450C230 450 250 392 300 390M390 330C440 330 430 430 490 430M380 520C430 520 440 432 490 430M390 610C440 610 440 520 490 430M600 340C650 340 640 450 700 450M600 560C650 560 650 452 700 450M300 390H380" />
      </g>
      <g stroke="var(--bh-blocked)" strokeWidth="1.6" strokeDasharray="2 5" strokeLinecap="round">
        <path d="M490 430H534M490 430C510 430 515 500 534 500M300 390C316 390 312 450 322 470" />
      </g>
      <g fill="var(--bh-bg)" stroke="var(--bh-accent)" strokeWidth="1.8">
        {[
          [170, 330],
          [190, 450],
          [390, 330],
          [380, 520],
          [390, 610],
          [600, 340],
          [600, 560],
          [380, 390],
        ].map(([x, y]) => (
          <circle key={`${x} ${y}`} cx={x} cy={y} r="7" />
        ))}
      </g>
      <g fill="var(--bh-accent-fill)">
        <circle cx="300" cy="390" r="10" />
        <circle cx="490" cy="430" r="10" />
        <circle cx="700" cy="450" r="10" />
      </g>
      <g stroke="var(--bh-blocked)" strokeWidth="3.5" strokeLinecap="round">
        <path d="M541 420v20M541 490v20M327 462v20" />
      </g>
    </svg>
  );
}

export function SignIn() {
  const [invitation, setInvitation] = useState(() => invitationIn(window.location.hash));
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  function passwordIsSet(): void {
    window.history.replaceState(null, '', '/');
    setInvitation(null);
  }
  async function submit(event: SyntheticEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setMessages([]);
    try {
      await signIn(email.trim(), password);
    } catch (error) {
      setMessages(refusal(error));
      setBusy(false);
    }
  }
  return (
    <div className="si">
      <aside className="left">
        <Picture />
        <div className="row" style={{ gap: 10 }}>
          <Logo />
          <b style={{ fontSize: 16 }}>Bulkhead</b>
        </div>
        <p
          style={{
            marginTop: 28,
            fontSize: 22,
            lineHeight: '30px',
            fontWeight: 600,
            letterSpacing: '-.015em',
          }}
        >
          One flooded compartment,
          <br />
          not a lost ship.
        </p>
        <div style={{ marginTop: 'auto' }}>
          <div className="t3 sm">Policy Compute Engine</div>
          <div className="addr">{window.location.hostname}</div>
        </div>
      </aside>
      <main className="right-s">
        <div>
          <h1 style={{ fontSize: 24, lineHeight: '32px' }}>
            {invitation === null ? 'Sign in' : 'Set your password'}
          </h1>
          <p className="t2" style={{ marginTop: 4 }}>
            {invitation === null
              ? 'Use your local account.'
              : 'The link serves once. Then sign in with your email and the password.'}
          </p>
        </div>
        {invitation !== null && <SetPassword invitation={invitation} onDone={passwordIsSet} />}
        {invitation === null && (
          <form onSubmit={(event) => void submit(event)} className="col g16" aria-label="Sign in">
            <FormErrors messages={messages} />
            <TextInput
              label="Email"
              type="email"
              autoComplete="username"
              required
              withAsterisk={false}
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Btn
              kind="primary"
              type="submit"
              busy={busy}
              style={{ height: 38, justifyContent: 'center', fontSize: 14 }}
            >
              Sign in
            </Btn>
            <SingleSignOn onRefusal={setMessages} />
          </form>
        )}
        <p className="t3 sm">
          Every sign-in is recorded as an event with your address. After repeated wrong passwords
          the account waits.
        </p>
      </main>
    </div>
  );
}
