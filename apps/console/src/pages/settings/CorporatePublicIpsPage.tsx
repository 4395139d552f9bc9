import { useState } from 'react';
import { TextInput } from '@mantine/core';
import { IconCheck, IconLock, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import type { Answer } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { invalidate, useApi } from '../../api/hooks.ts';
import { checkCorporateIp, entryThatHolds } from '../../format/corporate-ips.ts';
import { plural } from '../../format/numbers.ts';
import { useCrumbs } from '../../shell/Shell.tsx';
import { Btn, DateTime, DecisionMark, NetworkMark } from '../../ui/Bits.tsx';
import { LeaveGuard } from '../../ui/LeaveGuard.tsx';
import { Empty, ErrorNotice, FormErrors, PageHeader, Skeleton } from '../../ui/Notices.tsx';
import { SettingsFrame } from './SettingsFrame.tsx';

type Setting = Answer<'corporate_ips.list'>['items'][number];
interface Line {
  readonly key: number;
  readonly text: string;
  readonly left: boolean;
}
let nextKey = 0;
const lineOf = (text: string): Line => ({ key: nextKey++, text, left: text !== '' });
const PURPOSE =
  'The public addresses that your offices and VPN exits use. An endpoint interface whose detection request comes from one of them is Corporate; from any other address it is External.';

function CheckAddress({ entries }: { readonly entries: readonly string[] }) {
  const [address, setAddress] = useState('');
  const entry = entryThatHolds(entries, address);
  const valid = /^\d{1,3}(\.\d{1,3}){3}$/.test(address.trim());
  return (
    <section className="card">
      <header>
        <h3>Check an address</h3>
      </header>
      <div className="bd col g8">
        <TextInput
          aria-label="Check an address"
          placeholder="203.0.113.44"
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
          classNames={{ input: 'mono' }}
        />
        {valid ? (
          <div className="row" role="status">
            <NetworkMark name={entry === null ? 'External' : 'Corporate'} word />
            <span className="t2 sm">{entry === null ? 'no line holds it' : `by ${entry}`}</span>
          </div>
        ) : null}
      </div>
    </section>
  );
}

function LineField({
  line,
  index,
  onChange,
  onRemove,
  onEnter,
}: {
  readonly line: Line;
  readonly index: number;
  readonly onChange: (line: Line) => void;
  readonly onRemove: () => void;
  readonly onEnter: () => void;
}) {
  const check = checkCorporateIp(line.text);
  const show = line.text.trim() !== '' && line.left;
  return (
    <div style={{ marginBottom: 6 }}>
      <div className="row">
        <span style={{ width: 16 }}>
          {!show ? null : check.ok ? (
            <IconCheck size={14} className="allowed-c" aria-hidden />
          ) : (
            <span className="blocked-c">
              <DecisionMark decision="blocked" />
            </span>
          )}
        </span>
        <TextInput
          aria-label={`Address or CIDR block ${index + 1}`}
          placeholder="Address or CIDR block"
          w={300}
          classNames={{ input: 'mono' }}
          value={line.text}
          error={show && !check.ok}
          onChange={(event) => onChange({ ...line, text: event.currentTarget.value })}
          onBlur={() => onChange({ ...line, left: true })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              event.preventDefault();
              onChange({ ...line, left: true });
              onEnter();
            }
          }}
        />
        <button
          type="button"
          className="icb"
          aria-label={`Remove line ${index + 1}`}
          onClick={onRemove}
        >
          <IconTrash size={16} stroke={1.5} aria-hidden />
        </button>
      </div>
      {show && !check.ok ? (
        <p className="errt" role="alert" style={{ marginLeft: 24 }}>
          <span>
            {check.message}{' '}
            {check.corrections.map((correction, at) => (
              <span key={correction}>
                {at === 0 ? 'Use ' : ' or '}
                <Btn kind="link" small onClick={() => onChange({ ...line, text: correction })}>
                  {correction}
                </Btn>
              </span>
            ))}
          </span>
        </p>
      ) : null}
    </div>
  );
}

function Editor({ setting, onDone }: { readonly setting: Setting; readonly onDone: () => void }) {
  const [lines, setLines] = useState<readonly Line[]>(() => [
    ...setting.ip_addresses.map(lineOf),
    lineOf(''),
  ]);
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  const [seen, setSeen] = useState(setting.updated_at);
  const written = lines.map((line) => line.text.trim()).filter((text) => text !== '');
  const wrong = lines.filter(
    (line) => line.text.trim() !== '' && !checkCorporateIp(line.text).ok,
  ).length;
  const dirty = JSON.stringify(written) !== JSON.stringify(setting.ip_addresses);
  const put = (line: Line): void =>
    setLines((now) => now.map((one) => (one.key === line.key ? line : one)));
  const add = (): void => setLines((now) => [...now, lineOf('')]);
  async function save(): Promise<void> {
    setBusy(true);
    setMessages([]);
    try {
      await api().call('corporate_ips.update', {
        query: { if_updated_at: seen },
        body: { name: setting.name, ip_addresses: written },
      });
      await invalidate('settings', 'workloads');
      onDone();
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        const now = (await api().call('corporate_ips.list')).items[0];
        if (now !== undefined) setSeen(now.updated_at);
        setMessages([
          `Somebody else saved this list meanwhile; it now holds ${now?.ip_addresses.join(', ') ?? 'nothing'}. What you entered is kept; save again to put it in place of theirs.`,
        ]);
      } else setMessages(errorsOf(error).map((one) => one.message));
      setBusy(false);
    }
  }
  return (
    <>
      <PageHeader
        title="Corporate Public IPs (Edit)"
        purpose={dirty ? `Unsaved changes. ${PURPOSE}` : PURPOSE}
        actions={
          <>
            <Btn onClick={onDone}>Cancel</Btn>
            <Btn kind="primary" busy={busy} disabled={wrong > 0} onClick={() => void save()}>
              Save
            </Btn>
          </>
        }
      />
      <FormErrors messages={messages} />
      <div className="grid2">
        <div>
          <div className="t3 sm" style={{ margin: '0 0 6px 24px' }}>
            IPv4 address or CIDR block
          </div>
          {lines.map((line, index) => (
            <LineField
              key={line.key}
              line={line}
              index={index}
              onChange={put}
              onRemove={() => setLines((now) => now.filter((one) => one.key !== line.key))}
              onEnter={add}
            />
          ))}
          <div className="row" style={{ marginLeft: 24 }}>
            <Btn small onClick={add}>
              <IconPlus size={14} aria-hidden />
              Add a line
            </Btn>
            {wrong > 0 ? (
              <span className="blocked-c sm">
                {plural(wrong, 'line')} to correct before you can save
              </span>
            ) : null}
          </div>
          <OwnerNote />
        </div>
        <aside className="col g16">
          <CheckAddress entries={written.filter((text) => checkCorporateIp(text).ok)} />
        </aside>
      </div>
      <LeaveGuard dirty={dirty && !busy} />
    </>
  );
}

function OwnerNote() {
  return (
    <div className="notice" style={{ marginTop: 20 }}>
      <IconLock size={16} className="i" aria-hidden />
      <div>
        <b className="b">Organization Administrator only.</b>{' '}
        <span className="t2">
          Saving is written as an event with the lines before and after. It takes effect at once and
          needs no provisioning.
        </span>
      </div>
    </div>
  );
}

export function CorporatePublicIpsPage() {
  useCrumbs({ name: 'Settings' }, { name: 'Corporate Public IPs' });
  const [editing, setEditing] = useState(false);
  const query = useApi('corporate_ips.list');
  const me = useApi('users.me').data;
  const owner = me?.roles.includes('owner') === true;
  const setting = query.data?.items[0];
  return (
    <SettingsFrame>
      {setting === undefined ? (
        query.error === null ? (
          <Skeleton />
        ) : (
          <ErrorNotice
            error={query.error}
            what="Corporate Public IPs"
            onRetry={() => void query.refetch()}
          />
        )
      ) : editing ? (
        <Editor setting={setting} onDone={() => setEditing(false)} />
      ) : (
        <>
          <PageHeader
            title="Corporate Public IPs"
            purpose={PURPOSE}
            actions={
              owner ? (
                <Btn kind="primary" onClick={() => setEditing(true)}>
                  <IconPencil size={16} stroke={1.5} aria-hidden />
                  Edit
                </Btn>
              ) : undefined
            }
          />
          <div className="grid2">
            <div>
              {setting.ip_addresses.length === 0 ? (
                <Empty title="No corporate public IPs">
                  Without one, an endpoint that asks the PCE where it is is always External.
                </Empty>
              ) : (
                <div className="tcard">
                  <table className="tbl" aria-label="Corporate Public IPs">
                    <thead>
                      <tr>
                        <th scope="col">IPv4 address or CIDR block</th>
                      </tr>
                    </thead>
                    <tbody>
                      {setting.ip_addresses.map((address) => (
                        <tr key={address}>
                          <td className="addr">{address}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              )}
              <p className="t3 sm" style={{ marginTop: 8 }}>
                Last saved <DateTime at={setting.updated_at} />
              </p>
              {owner ? null : (
                <p className="t2" style={{ marginTop: 12 }}>
                  Only an Organization Administrator can change this.
                </p>
              )}
            </div>
            <aside className="col g16">
              <CheckAddress entries={setting.ip_addresses} />
            </aside>
          </div>
        </>
      )}
    </SettingsFrame>
  );
}
