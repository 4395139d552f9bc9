/** What the VEN does by the clock: warns of its host, renews its token (daily), reports compatibility (daily while Idle). */
import type { CompatibilityReport, VenWarning } from '@bulkhead/contract';
import { messageOf, type Log } from './log.ts';

const CHECK_MS = 30_000;
const DAY_MS = 86_400_000;
/** After a failure, and so well within the time that the token before is accepted. */
const RETRY_MS = 600_000;

export interface CareDeps {
  readonly warnings: () => Promise<readonly VenWarning[]>;
  /** Tells the PCE at once of warnings that came or went. */
  readonly warningsMoved: () => void;
  readonly tokenIssuedAt: () => Date;
  readonly renewToken: () => Promise<void>;
  readonly isIdle: () => boolean;
  readonly compatibility: () => Promise<CompatibilityReport>;
  readonly sendCompatibility: (report: CompatibilityReport) => Promise<void>;
  /** The PCE can be asked now. */
  readonly isConnected: () => boolean;
  readonly log: Log;
  readonly nowMs: () => number;
}

export interface Care {
  /** As found last. */
  warnings(): readonly VenWarning[];
  /** Does what is due. */
  look(): Promise<void>;
  close(): void;
}

export function createCare(deps: CareDeps): Care {
  let warnings: readonly VenWarning[] = [];
  let looking: Promise<void> | null = null;
  /** When each duty may be tried again. */
  let tokenNotBefore = 0;
  let reportNotBefore = 0;

  async function lookForWarnings(): Promise<void> {
    const found = await deps.warnings();
    if (JSON.stringify(found) === JSON.stringify(warnings)) return;
    warnings = found;
    for (const { message } of found) deps.log.warn(message);
    deps.warningsMoved();
  }

  async function renewToken(): Promise<void> {
    const now = deps.nowMs();
    if (now < tokenNotBefore || now < deps.tokenIssuedAt().getTime() + DAY_MS) return;
    tokenNotBefore = now + RETRY_MS;
    await deps.renewToken();
    deps.log.info('the token was renewed');
  }

  async function reportCompatibility(): Promise<void> {
    const now = deps.nowMs();
    if (now < reportNotBefore || !deps.isIdle()) return;
    reportNotBefore = now + RETRY_MS;
    await deps.sendCompatibility(await deps.compatibility());
    reportNotBefore = now + DAY_MS;
  }

  async function lookOnce(): Promise<void> {
    const duties = deps.isConnected()
      ? [lookForWarnings, renewToken, reportCompatibility]
      : [lookForWarnings];
    for (const duty of duties) {
      try {
        await duty();
      } catch (error) {
        deps.log.warn('a duty of the VEN is tried again later', { reason: messageOf(error) });
      }
    }
  }

  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => (looking = null));
    return looking;
  }

  const timer = setInterval(() => void look(), CHECK_MS);
  return { warnings: () => warnings, look, close: () => clearInterval(timer) };
}
