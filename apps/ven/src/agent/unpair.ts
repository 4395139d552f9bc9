/** Taking the VEN out, the same steps from the terminal and from the console (R-VEN-4). */
import type { FirewallRestore, Platform } from '../platform/port.ts';
import { messageOf } from './log.ts';
import type { Store } from './store.ts';
import { clientOf, readActivated } from './stored-client.ts';
import { writeSupportReport } from './support-report.ts';

export interface UnpairResult {
  /** What was done, one sentence each; the last names the support report. */
  readonly messages: readonly string[];
  readonly reportPath: string;
}

const LEFT: Readonly<Record<FirewallRestore, Readonly<Record<'server' | 'endpoint', string>>>> = {
  saved: {
    server: 'The firewall is as it was before pairing.',
    endpoint: 'The firewall is as it was before pairing.',
  },
  recommended: {
    server: 'Only remote management is open until the next reboot.',
    endpoint: 'The firewall is as it was before pairing.',
  },
  open: {
    server: 'Illumio blocks nothing any more.',
    endpoint: 'Illumio blocks nothing any more.',
  },
};

/** Takes the VEN out: firewall first, then the PCE is told, then its service and files go. Nothing of the VEN may be running but the caller. */
export async function unpair(
  platform: Platform,
  store: Store,
  restore: FirewallRestore,
): Promise<UnpairResult> {
  const activated = await readActivated(store);
  const venType = activated?.settings.endpoint === true ? 'endpoint' : 'server';
  const messages: string[] = [];
  const note = await platform.firewall.restore(restore, venType);
  messages.push(LEFT[restore][venType]);
  if (note !== null) messages.push(note);
  if (activated !== null) {
    const { pce_fqdn: pce } = activated.identity;
    try {
      await clientOf(activated).goodbye('unpair');
      messages.push(`The PCE ${pce} was told.`);
    } catch (error) {
      messages.push(
        `The PCE ${pce} could not be told: ${messageOf(error)}. Unpair the VEN in the console too.`,
      );
    }
  }
  try {
    await platform.service.remove();
  } catch (error) {
    messages.push(
      `The service that starts the VEN at boot could not be removed: ${messageOf(error)}`,
    );
  }
  const reportPath = await writeSupportReport(
    store,
    { host: platform.describe(), unpaired: restore, messages },
    new Date(),
  );
  await store.destroy();
  messages.push(`VEN has been unpaired. One support report is kept: ${reportPath}`);
  return { messages, reportPath };
}
