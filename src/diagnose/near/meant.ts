/** Which near misses are worth reading: where whoever wrote the rule may have meant this packet by it. */
import type { Condition, Field } from './condition.ts';
import type { StoppedPacket } from './packet.ts';

/** From how much on a rule is about packets like this one, by what else it asks for and has. */
const ABOUT_IT = 2;

/**
 * How much speaks for it; 0: nothing that anybody wants to read. Every ruleset accepts what is established, what comes in by lo and some
 * other services: that a packet is none of those says nothing of why it was stopped.
 */
export function tellingness(failing: Condition, all: readonly Condition[], packet: StoppedPacket): number {
  const fits = all.filter((each) => each !== failing && each.holds);
  const weight = fits.reduce((sum, each) => sum + weightOf(each, packet), 0);
  if (failing.otherProtocol) return 0;
  if (failing.fields.includes('state')) return isSurprising(packet) ? Math.max(weight, ABOUT_IT) : 0;
  // A rule for what the client asked for, which by now is something else; or for that port of another protocol.
  if (failing.isAsked || failing.isSamePort) return weight + 4;
  if (failing.fields.some((field) => field === 'source port' || field === 'destination port')) {
    const isOfTheseHosts = fits.some(({ fields, inverted }) => !inverted && fields.some(isAddress));
    return isOfTheseHosts ? weight : 0;
  }
  if (failing.fields.some((field) => field === 'in' || field === 'out') && isLoopback(failing)) return 0;
  return weight >= ABOUT_IT ? weight : 0;
}

/** An answer that conntrack doesn't know, or a packet that it doesn't follow. */
function isSurprising({ skb, direction }: StoppedPacket): boolean {
  const state = skb.conntrack?.state;
  return direction === 'reply' || state === 'INVALID' || state === 'UNTRACKED';
}

const isAddress = (field: Field) => field === 'source' || field === 'destination';

function isLoopback({ text }: Condition): boolean {
  return /(?:^|[ "])lo"?$/.test(text());
}

function weightOf({ fields, exact, inverted }: Condition, { skb, isFromBridge }: StoppedPacket): number {
  // `! -o docker0`: what leaves the bridge that the rule is of; as this packet leaves another.
  if (inverted) return fields.includes('out') && isFromBridge ? WEIGHTS.out : 0;
  // A rule for answers, and this is one; any packet may be new.
  if (fields.includes('state')) return skb.conntrack?.state === 'NEW' ? 0 : 2;
  return Math.max(...fields.map((field) => WEIGHTS[field] * (exact ? 2 : 1)), 0);
}

const WEIGHTS: Readonly<Record<Field, number>> = {
  source: 2,
  destination: 2,
  in: 2,
  out: 2,
  family: 0,
  protocol: 1,
  'source port': 2,
  'destination port': 2,
  icmp: 1,
  flags: 0,
  state: 0,
  status: 1,
  mark: 1,
  set: 2,
};
