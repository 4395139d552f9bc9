/** Services of a single port, each kept once: most rules have one, and most of them the same few. */
import { ALL_TRAFFIC } from '../services.ts';
import type { ServicePort } from '../model.ts';

export class SinglePorts {
  private readonly known = new Map<number, readonly ServicePort[]>();

  /** Canonical. */
  of(protocol: number, port: number): readonly ServicePort[] {
    const key = protocol * 65_536 + port;
    let services = this.known.get(key);
    if (services === undefined) {
      services = [{ ...ALL_TRAFFIC, protocol, port }];
      this.known.set(key, services);
    }
    return services;
  }
}
