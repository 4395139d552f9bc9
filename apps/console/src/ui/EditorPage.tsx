/** The frame of a form that is a page: Cancel and Save at the top, refusals below the title, leaving asks, deleting confirms. */
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Btn } from './Bits.tsx';
import { Confirm } from './Confirm.tsx';
import { LeaveGuard } from './LeaveGuard.tsx';
import { FormErrors, PageHeader } from './Notices.tsx';

export interface EditorPageProps {
  readonly title: string;
  readonly badges?: ReactNode;
  readonly purpose: string;
  readonly dirty: boolean;
  readonly busy: boolean;
  readonly messages: readonly string[];
  /** False: the fields are shown and cannot be saved. */
  readonly editable: boolean;
  readonly onSave: () => void;
  /** Absent where the page is no place to leave. */
  readonly onCancel?: (() => void) | undefined;
  /** Absent: it cannot be deleted here. `note` says what that does. */
  readonly remove?:
    | {
        readonly one: string;
        readonly name: string;
        readonly note: string;
        readonly run: () => Promise<void>;
      }
    | undefined;
  readonly children: ReactNode;
}

export function EditorPage(props: EditorPageProps) {
  const { remove, editable } = props;
  const [deleting, setDeleting] = useState(false);
  return (
    <form
      className="col"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (editable) props.onSave();
      }}
    >
      <PageHeader
        title={props.title}
        badges={props.badges}
        purpose={props.dirty ? 'Unsaved changes' : props.purpose}
        actions={
          <>
            {remove === undefined ? null : (
              <Btn kind="danger" onClick={() => setDeleting(true)}>
                Delete
              </Btn>
            )}
            {props.onCancel === undefined ? null : (
              <Btn onClick={props.onCancel}>{editable ? 'Cancel' : 'Close'}</Btn>
            )}
            {editable ? (
              <Btn kind="primary" type="submit" busy={props.busy}>
                Save
              </Btn>
            ) : null}
          </>
        }
      />
      <FormErrors messages={props.messages} />
      {props.children}
      <LeaveGuard dirty={props.dirty} />
      {remove === undefined || !deleting ? null : (
        <Confirm
          title={`Delete ${remove.name}`}
          action={`Delete ${remove.one}`}
          danger
          onClose={() => setDeleting(false)}
          onConfirm={remove.run}
        >
          {remove.note}
        </Confirm>
      )}
    </form>
  );
}
