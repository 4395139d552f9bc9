import { ipv4Number } from '@bulkhead/net';
import type { SetHolder } from './holder.ts';
import { hasItem, type Few } from './few.ts';

/** An IPv4 address as a number of 32 bits with sign, which a map need not hash; any other by its text. */
type AddressKey = number | string;

function keyOf(address: string): AddressKey {
  const number = ipv4Number(address);
  return number < 0 ? address : number | 0;
}

/** Which classes hold an address, once per workload that has it. Nearly always one does. */
export class AddressOwners {
  private readonly owners = new Map<AddressKey, SetHolder | SetHolder[]>();

  add(address: string, state: SetHolder): void {
    const key = keyOf(address);
    const known = this.owners.get(key);
    if (known === undefined) this.owners.set(key, state);
    else if (Array.isArray(known)) known.push(state);
    else this.owners.set(key, [known, state]);
  }

  remove(address: string, state: SetHolder): void {
    const key = keyOf(address);
    const known = this.owners.get(key);
    if (!Array.isArray(known)) {
      if (known === state) this.owners.delete(key);
      return;
    }
    known.splice(known.indexOf(state), 1);
    const [last] = known;
    if (known.length === 1 && last !== undefined) this.owners.set(key, last);
  }

  /** Whether one of the classes holds the address. */
  heldIn(classes: Few<SetHolder>, address: string): boolean {
    const known = this.owners.get(keyOf(address));
    if (known === undefined) return false;
    return Array.isArray(known)
      ? known.some((state) => hasItem(classes, state))
      : hasItem(classes, known);
  }
}
