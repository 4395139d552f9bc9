import { plural } from '../../format/numbers.ts';
import { Confirm } from '../../ui/Confirm.tsx';
import { useNeeded } from './dependencies.ts';
import { titleOf, type PendingItem } from './pending.ts';

/** Reverts changes, and with them what cannot stay without them. */
export function RevertConfirm({
  chosen,
  all,
  onClose,
  onRevert,
}: {
  readonly chosen: readonly PendingItem[];
  readonly all: readonly PendingItem[];
  readonly onClose: () => void;
  readonly onRevert: (items: readonly PendingItem[]) => Promise<void>;
}) {
  const needed = useNeeded('revert', chosen, all) ?? [];
  const items = [...chosen, ...needed.map((one) => one.item)];
  return (
    <Confirm
      title={`Revert ${plural(items.length, 'draft change')}`}
      action={`Revert ${plural(items.length, 'change')}`}
      danger
      onClose={onClose}
      onConfirm={() => onRevert(items)}
    >
      <p>
        {items.map(titleOf).join(', ')} {items.length === 1 ? 'goes' : 'go'} back to the active
        state. What was drafted is lost. Hosts do not notice.
      </p>
      {needed.map(({ item, reasons }) => (
        <p key={item.href} className="t2" style={{ marginTop: 8 }}>
          <b className="b">{titleOf(item)}</b> goes along: {reasons.join(' ')}
        </p>
      ))}
    </Confirm>
  );
}
