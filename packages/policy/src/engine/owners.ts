import type { SetHolder } from './holder.ts';
import { hasItem, type Few } from './few.ts';

/** Which classes hold an address, once per workload that has it. Nearly always one does. */
export class AddressOwners {
  private readonly owners = new Map<string, SetHolder | SetHolder[]>();

  add(address: string, state: SetHolder): void {
    const known = this.owners.get(address);
    if (known === undefined) this.owners.set(address, state);
    else if (Array.isArray(known)) known.push(state);
    else this.owners.set(address, [known, state]);
  }

  remove(address: string, state: SetHolder): void {
    const known = this.owners.get(address);
    if (!Array.isArray(known)) {
      if (known === state) this.owners.delete(address);
      return;
    }
    known.splice(known.indexOf(state), 1);
    const [last] = known;
    if (known.length === 1 && last !== undefined) this.owners.set(address, last);
  }

  /** Whether one of the classes holds the address. */
  heldIn(classes: Few<SetHolder>, address: string): boolean {
    const known = this.owners.get(address);
    if (known === undefined) return false;
    return Array.isArray(known)
      ? known.some((state) => hasItem(classes, state))
      : hasItem(classes, known);
  }
}
