/** The frame of an object's form: server errors on top, Save, and what to do about a stale edit. */
import type { ReactNode } from 'react';
import { Drawer } from '@mantine/core';
import { Btn } from '../../ui/Bits.tsx';
import { FormErrors } from '../../ui/Notices.tsx';
import { useSave, type SaveSettings } from '../../ui/use-save.ts';

export interface ObjectDrawerProps extends SaveSettings {
  readonly title: string;
  /** False keeps the form open: its own checks found something. */
  readonly check: () => boolean;
  readonly save: () => Promise<void>;
  readonly onClose: () => void;
  readonly readOnly?: boolean;
  /** Width; that of other drawers unless said. */
  readonly size?: number;
  readonly children: ReactNode;
}

export function ObjectDrawer(props: ObjectDrawerProps) {
  const { busy, messages, save } = useSave(props);
  async function submit(): Promise<void> {
    if (props.check() && (await save(props.save))) props.onClose();
  }
  return (
    <Drawer
      opened
      onClose={props.onClose}
      title={props.title}
      {...(props.size === undefined ? {} : { size: props.size })}
    >
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
