/** What every form does when it saves: a refusal goes to its fields, a stale edit is said and can be meant, nothing is lost. */
import { useState } from 'react';
import { errorsOf, hasToken, messageOf } from '../api/failures.ts';
import { sortErrors, type SortedErrors } from '../format/errors.ts';

export interface SaveSettings {
  /** Members of the request that the form shows errors at. */
  readonly fields: readonly string[];
  readonly byToken?: Readonly<Record<string, string>> | undefined;
  readonly onFieldErrors: (fields: SortedErrors['fields']) => void;
  /** After `object_changed`: takes the new state's time, so that a second Save is meant. */
  readonly onStale: () => Promise<void>;
}
export interface Save {
  readonly busy: boolean;
  /** What the server said and no field shows. */
  readonly messages: readonly string[];
  /** Answers whether it was saved; stays busy then, because the form goes away. */
  readonly save: (action: () => Promise<void>) => Promise<boolean>;
}

/** The PCE's words for who changed what, without its advice to start anew: a form keeps what was typed. */
function whoChanged(message: string): string {
  return `${message.replace(/; load it again.*$/s, '')}.`;
}

export function useSave({ fields, byToken, onFieldErrors, onStale }: SaveSettings): Save {
  const [busy, setBusy] = useState(false);
  const [messages, setMessages] = useState<readonly string[]>([]);
  async function save(action: () => Promise<void>): Promise<boolean> {
    setBusy(true);
    setMessages([]);
    try {
      await action();
      return true;
    } catch (error) {
      if (hasToken(error, 'object_changed')) {
        await onStale();
        setMessages([
          `${whoChanged(messageOf(error))} What you entered is kept; save again to put it in place of theirs.`,
        ]);
      } else {
        const sorted = sortErrors(errorsOf(error), fields, byToken);
        onFieldErrors(sorted.fields);
        setMessages(sorted.rest);
      }
      setBusy(false);
      return false;
    }
  }
  return { busy, messages, save };
}
