/** What counts of a workload besides its labels. */
import type { Workload } from '../model.ts';
import { venCan } from '../ven-capabilities.ts';

/** Workloads that are alike in it have the same object. */
export interface Head {
  readonly number: number;
  readonly text: string;
}

/** First release that manages external interfaces (R-SYS-4). */
export function managesExternal(workload: Workload): boolean {
  return venCan(workload.venVersion ?? '0', 'external_interfaces');
}

export class ClassHeads {
  /** By their texts, and by those with the version in full. */
  private readonly heads = new Map<string, Head>();
  private readonly read = new Map<string, Head>();
  private last: { readonly sample: Workload; readonly head: Head } | null = null;

  of(workload: Workload): Head {
    // a fleet is read in long runs of hosts that are alike
    if (this.last === null || !alike(this.last.sample, workload)) {
      this.last = { sample: workload, head: this.find(workload) };
    }
    return this.last.head;
  }

  /** Versions are many, and matter only by what they can do. */
  private find(workload: Workload): Head {
    const { type, enforcementMode, visibilityLevel, blockedConnectionAction, osFamily } = workload;
    if (type === 'unmanaged') return this.intern(type);
    const version = workload.venVersion ?? '';
    const text = `${type} ${enforcementMode} ${visibilityLevel} ${blockedConnectionAction} ${osFamily} `;
    let head = this.read.get(text + version);
    if (head === undefined) {
      head = this.intern(text + String(managesExternal(workload)));
      this.read.set(text + version, head);
    }
    return head;
  }

  private intern(text: string): Head {
    let head = this.heads.get(text);
    if (head === undefined) {
      head = { number: this.heads.size + 1, text };
      this.heads.set(text, head);
    }
    return head;
  }
}

function alike(a: Workload, b: Workload): boolean {
  return (
    a.type === b.type &&
    a.enforcementMode === b.enforcementMode &&
    a.visibilityLevel === b.visibilityLevel &&
    a.blockedConnectionAction === b.blockedConnectionAction &&
    a.venVersion === b.venVersion &&
    a.osFamily === b.osFamily
  );
}
