import { IconLink } from '@tabler/icons-react';
import { plural } from '../../format/numbers.ts';
import { Btn } from '../../ui/Bits.tsx';
import type { Needed } from './dependencies.ts';
import { titleOf } from './pending.ts';

/** What the chosen changes cannot go without, and why; one click chooses it too. */
export function NeededNotice({
  needed,
  onChoose,
}: {
  readonly needed: readonly Needed[];
  readonly onChoose: () => void;
}) {
  if (needed.length === 0) return null;
  return (
    <section className="notice y" role="status" aria-label="What has to go along">
      <IconLink size={16} className="i" aria-hidden />
      <div className="grow">
        <b className="b">The selected changes need {plural(needed.length, 'other', 'others')}.</b>
        <ul className="col g4" style={{ marginTop: 4 }}>
          {needed.map(({ item, reasons }) => (
            <li key={item.href}>
              <b className="b">{titleOf(item)}</b> <span className="t2">{reasons.join(' ')}</span>
            </li>
          ))}
        </ul>
      </div>
      <Btn small onClick={onChoose}>
        Select {needed.length === 1 ? 'it' : 'them'} too
      </Btn>
    </section>
  );
}
