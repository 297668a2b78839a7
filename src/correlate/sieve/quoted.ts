import type { Ip } from '../../net/ip.ts';
import { ipKey } from '../../net/ip-key.ts';
import type { Packet } from '../../packet/packet.ts';
import type { FlowEnd } from '../flow.ts';
import { endsOf } from '../sighting.ts';
import type { Conversations } from './conversations.ts';

/** Of so many different conversations it is remembered that an ICMP error quoted them. */
const MOST = 1 << 15;

/** Subnet broadcast addresses that cooked captures told: what goes there is no flow's. */
const SLL_BROADCAST = 1;

export class GroupLog {
  /** By `ipKey`. */
  readonly #addresses = new Map<Ip, Ip>();

  add({ ip, sllType }: Packet): void {
    if (ip && sllType === SLL_BROADCAST) this.#keep(ip.destination);
  }

  /** Those of another log too. */
  join(other: GroupLog): void {
    for (const address of other.#addresses.values()) this.#keep(address);
  }

  parts(): Ip[] {
    return [...this.#addresses.values()];
  }

  static of(addresses: readonly Ip[]): GroupLog {
    const log = new GroupLog();
    for (const address of addresses) log.#keep(address);
    return log;
  }

  get size(): number {
    return this.#addresses.size;
  }

  has({ address }: FlowEnd): boolean {
    return this.#addresses.has(ipKey(address));
  }

  #keep(address: Ip): void {
    if (this.#addresses.size < MOST) this.#addresses.set(ipKey(address), address);
  }
}

interface Quoted {
  readonly protocol: number;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
}

/** Which conversations ICMP errors quote. */
export class QuotedLog {
  readonly #seen = new Map<string, Quoted>();

  add({ icmp }: Packet): void {
    const quoted = icmp?.quoted;
    const ends = quoted && endsOf(quoted);
    if (!quoted?.ip || !ends || this.#seen.size >= MOST) return;
    const { protocol } = quoted.ip;
    const { source, destination } = ends;
    const key = `${protocol} ${source.address} ${source.port} ${destination.address} ${destination.port}`;
    if (!this.#seen.has(key)) this.#seen.set(key, { protocol, source, destination });
  }

  /** Those of another log too. */
  join(other: QuotedLog): void {
    for (const [key, quoted] of other.#seen) if (this.#seen.size < MOST) this.#seen.set(key, quoted);
  }

  parts(): [string, Quoted][] {
    return [...this.#seen];
  }

  static of(seen: readonly (readonly [string, Quoted])[]): QuotedLog {
    const log = new QuotedLog();
    for (const [key, quoted] of seen) log.#seen.set(key, quoted);
    return log;
  }

  among(conversations: Conversations): ReadonlySet<number> {
    const found = [...this.#seen.values()].map(({ protocol, source, destination }) =>
      conversations.find(protocol, source, destination),
    );
    return new Set(found.filter((conversation) => conversation >= 0));
  }
}
