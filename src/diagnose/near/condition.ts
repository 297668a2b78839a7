/** What a rule asks of a packet, condition by condition, and whether the packet has it. */

export type Field =
  | 'source'
  | 'destination'
  | 'in'
  | 'out'
  | 'family'
  | 'protocol'
  | 'source port'
  | 'destination port'
  | 'icmp'
  | 'flags'
  | 'state'
  | 'status'
  | 'mark'
  | 'set';

export interface Condition {
  readonly holds: boolean;
  /** One field; several of a concatenation, or of an address together with its port. */
  readonly fields: readonly Field[];
  /** As the rule has it: `! -i docker0`, `tcp dport 443`. */
  text(): string;
  /** `!`, `!=`: nearly every packet is what it asks for. */
  readonly inverted: boolean;
  /** It leaves one value only: a host, a port. */
  readonly exact: boolean;
  /** Would it hold for the address and the port that the client asked, before DNAT? */
  readonly isAsked?: boolean;
  /** Of a port: it is one of another protocol's than the packet's. */
  readonly otherProtocol?: boolean;
  /** What fails is the protocol alone that nft asks for before the port: the port is the packet's. */
  readonly isSamePort?: boolean;
}

/** The one that keeps the rule from matching; undefined where none or more than one does. */
export function onlyFailing(conditions: readonly Condition[]): Condition | undefined {
  const failing = conditions.filter(({ holds }) => !holds);
  return failing.length === 1 ? failing[0] : undefined;
}
