/** The frame of an object's form: server errors on top, Save, and what to do about a stale edit. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Drawer } from '@mantine/core';
import { errorsOf, hasToken } from '../../api/failures.ts';
import { sortErrors, type SortedErrors } from '../../format/errors.ts';
import { Btn } from '../../ui/Bits.tsx';
import { FormErrors } from '../../ui/Notices.tsx';

export interface ObjectDrawerProps {
  readonly title: string;
  readonly fields: readonly string[];
  readonly byToken?: Readonly<Record<string, string>>;
  /** False keeps the form open: its own checks found something. */
  readonly check: () => boolean;
  readonly save: () => Promise<void>;
  /** After `object_changed`: takes the new state's time, so that a second Save is meant. */
  readonly onStale: () => Promise<void>;
  readonly onFieldErrors: (fields: SortedErrors['fields']) => void;
  readonly onClose: () => void;
  readonly readOnly?: boolean;
  readonly children: ReactNode;
}

export function ObjectDrawer(props: ObjectDrawerProps) {
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function submit(): Promise<void> {
    if (!props.check()) return;
    setBusy(true);
    setMessages([]);
    try {
      await props.save();
      props.onClose();
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        await props.onStale();
        setMessages([
          'Somebody else saved this meanwhile. What you entered is kept; save again to put it in place of theirs.',
        ]);
      } else {
        const sorted = sortErrors(errorsOf(error), props.fields, props.byToken);
        props.onFieldErrors(sorted.fields);
        setMessages(sorted.rest);
      }
      setBusy(false);
    }
  }
  return (
    <Drawer opened onClose={props.onClose} title={props.title}>
      <form
        className="col g16"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <FormErrors messages={messages} />
        {props.children}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Btn onClick={props.onClose}>{props.readOnly === true ? 'Close' : 'Cancel'}</Btn>
          {props.readOnly === true ? null : (
            <Btn kind="primary" type="submit" busy={busy}>
              Save
            </Btn>
          )}
        </div>
      </form>
    </Drawer>
  );
}
