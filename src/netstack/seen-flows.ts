/** Addresses and ports that packets of a world had so far, by direction. */
import { randomSeed } from '../base/random-seed.ts';
import type { Ip } from '../net/ip.ts';
import { mix, mixIp } from './conntrack/tuple-map.ts';

type Port = number | undefined;

export class SeenFlows {
  /** By hash; of each flow five values in a row. */
  private readonly flows = new Map<number, (Ip | undefined)[]>();

  has(protocol: number, source: Ip, sourcePort: Port, destination: Ip, destinationPort: Port): boolean {
    const known = this.flows.get(hashOf(protocol, source, sourcePort, destination, destinationPort)) ?? [];
    for (let i = 0; i < known.length; i += 5) {
      if (
        known[i] === protocol &&
        known[i + 1] === source &&
        known[i + 2] === sourcePort &&
        known[i + 3] === destination &&
        known[i + 4] === destinationPort
      )
        return true;
    }
    return false;
  }

  add(protocol: number, source: Ip, sourcePort: Port, destination: Ip, destinationPort: Port): void {
    if (this.has(protocol, source, sourcePort, destination, destinationPort)) return;
    const hash = hashOf(protocol, source, sourcePort, destination, destinationPort);
    const known = this.flows.get(hash);
    if (known) known.push(protocol, source, sourcePort, destination, destinationPort);
    else this.flows.set(hash, [protocol, source, sourcePort, destination, destinationPort]);
  }
}

const SEED = randomSeed();

function hashOf(
  protocol: number,
  source: Ip,
  sourcePort: Port,
  destination: Ip,
  destinationPort: Port,
): number {
  const ends = mixIp(mixIp(protocol ^ SEED, source), destination);
  return mix(ends, ((sourcePort ?? 0) << 16) ^ (destinationPort ?? 0));
}
