/** Whose a later fragment is: it has no ports, the first one of its datagram has. */
import type { FlowEnd } from '../../correlate/flow.ts';
import { endsOf } from '../../correlate/sighting.ts';
import type { Packet } from '../../packet/packet.ts';

type Ends = { readonly source: FlowEnd; readonly destination: FlowEnd };

/** Datagrams that are remembered at once. */
const REMEMBERED = 4096;

export class Fragments {
  readonly #ends = new Map<string, Ends>();

  endsOf(point: number, packet: Packet): Ends | undefined {
    const { ip } = packet;
    if (!ip) return undefined;
    const key = `${point} ${ip.source} ${ip.destination} ${ip.protocol} ${ip.id}`;
    if (ip.fragmentOffset > 0) return this.#ends.get(key);
    const ends = endsOf(packet);
    if (!ends) return undefined;
    this.#ends.delete(key);
    this.#ends.set(key, ends);
    if (this.#ends.size > REMEMBERED) {
      const [oldest] = this.#ends.keys();
      if (oldest !== undefined) this.#ends.delete(oldest);
    }
    return ends;
  }
}
