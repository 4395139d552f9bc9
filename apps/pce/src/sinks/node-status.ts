/** The health of the PCE, told when it changes. */
import type { Deps } from '../deps.ts';
import type { Notice } from './formats/notice.ts';

export interface NodeStatus {
  readonly status: 'normal' | 'warning' | 'error';
  readonly notifications: readonly { readonly token: string; readonly message: string }[];
}

const SEVERITY = { normal: 'info', warning: 'warning', error: 'err' } as const;

export class NodeStatusWatch {
  readonly #deps: Pick<Deps, 'clock' | 'config'>;
  readonly #read: () => Promise<NodeStatus>;
  #told = '';

  constructor(deps: Pick<Deps, 'clock' | 'config'>, read: () => Promise<NodeStatus>) {
    this.#deps = deps;
    this.#read = read;
  }

  /** What there is to tell; undefined when nothing has changed since the last time. */
  async look(): Promise<Notice | undefined> {
    const { status, notifications } = await this.#read();
    const now = JSON.stringify([status, notifications.map(({ token }) => token)]);
    if (now === this.#told) return undefined;
    this.#told = now;
    return {
      type: 'system_health',
      kind: 'node',
      severity: SEVERITY[status],
      at: this.#deps.clock.now(),
      fqdn: this.#deps.config.fqdn,
      outcome: status,
      text: notifications.map(({ message }) => message).join('; '),
    };
  }
}
