/** Proxies that are believed where a request comes from: those of the configuration, and those that organizations have set. */
import {
  joinSpans,
  parseAddress,
  parseSpan,
  spansHold,
  unmapAddress,
  type AddressSpan,
} from '@bulkhead/net';
import type { ChangeLog } from '../db/change-log.ts';
import type { Db } from '../db/database.ts';
import { OperationalError } from '../operational-error.ts';
import { readSettings } from '../db/settings.ts';
import { TRUSTED_PROXIES } from '../resources/settings/trusted-proxies.ts';

/** Words that the configuration takes for blocks of addresses. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

function spansOf(entries: readonly string[]): AddressSpan[] {
  return entries
    .flatMap((entry) => NAMED[entry] ?? [entry])
    .map((text) => {
      const span = parseSpan(text);
      if (span.ok) return span.value;
      throw new OperationalError(`BULKHEAD_TRUSTED_PROXIES: ${span.message}`);
    });
}

export class TrustedProxies {
  readonly #db: Db;
  readonly #configured: readonly AddressSpan[];
  #trusted: readonly AddressSpan[];
  #unsubscribe: (() => void) | undefined;

  constructor(db: Db, configured: readonly string[]) {
    this.#db = db;
    this.#configured = spansOf(configured);
    this.#trusted = joinSpans(this.#configured);
  }

  /** Reads what organizations have set, now and whenever one sets it anew. */
  async start(changeLog: ChangeLog, onError: (error: unknown) => void): Promise<void> {
    this.#unsubscribe = changeLog.subscribe((rows) => {
      if (rows.some(({ href }) => href.endsWith(`/settings/${TRUSTED_PROXIES.key}`)))
        this.#read().catch(onError);
    });
    await this.#read();
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  /** Whether what an address says of where a request comes from is believed. */
  readonly trust = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== null && spansHold(this.#trusted, unmapAddress(address));
  };

  async #read(): Promise<void> {
    const settings = await readSettings(this.#db, TRUSTED_PROXIES);
    const set = [...settings.values()].flatMap(({ trusted_proxy_ips: proxies }) =>
      proxies.flatMap(({ ip }) => {
        const span = parseSpan(ip);
        return span.ok ? [span.value] : [];
      }),
    );
    this.#trusted = joinSpans([...this.#configured, ...set]);
  }
}
