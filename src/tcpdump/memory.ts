/**
 * Ports that were seen between two hosts. Without `-v` an ICMP error shows of the packet it quotes its destination and the port
 * there; where only one packet before it can be meant, that one's source port is the quoted one's.
 */
import type { Ip } from '../net/ip.ts';

export interface Ends {
  readonly protocol: number;
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const MOST = 4096;

export class PortMemory {
  #ends: Ends[] = [];

  note(ends: Ends): void {
    if (this.#ends.length >= MOST) this.#ends = this.#ends.slice(MOST / 2);
    this.#ends.push(ends);
  }

  /** The last packet from `source` that fits, if all that fit have its ports. */
  find(wanted: Partial<Ends> & { readonly source: Ip }): Ends | undefined {
    let found: Ends | undefined;
    for (let at = this.#ends.length - 1; at >= 0; at--) {
      const ends = this.#ends[at] as Ends;
      if (ends.source !== wanted.source) continue;
      if (wanted.destination !== undefined && ends.destination !== wanted.destination) continue;
      if (wanted.protocol !== undefined && ends.protocol !== wanted.protocol) continue;
      if (wanted.destinationPort !== undefined && ends.destinationPort !== wanted.destinationPort) continue;
      if (!found) found = ends;
      else if (found.sourcePort !== ends.sourcePort || found.destinationPort !== ends.destinationPort)
        return undefined;
    }
    return found;
  }
}
