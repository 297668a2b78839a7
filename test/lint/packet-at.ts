/** A drafted packet as the model has it at a hook. */
import { hasPorts } from '../../src/net/protocol.ts';
import { buildSkb, transportLength } from '../../src/skb/build.ts';
import type { Nfct, SkbConntrack } from '../../src/skb/nfct.ts';
import type { Skb } from '../../src/skb/skb.ts';
import type { Tuple } from '../../src/skb/tuple.ts';
import type { Hook } from '../../src/xtables/rule.ts';
import type { Draft } from './packets.ts';

/** As it comes to a hook: with the interfaces and the state that it can have there. */
export function packetAt(draft: Draft, hook: Hook, table: string): Skb {
  const { source, protocol } = draft;
  const header = typeof source === 'number' ? 20 : 40;
  const local = hook === 'OUTPUT';
  const skb = buildSkb({
    ...draft,
    payload: Math.max(0, draft.length - header - transportLength(protocol)),
    local,
    packetType: local || hook === 'POSTROUTING' ? 'host' : draft.type,
    etherSource: local ? undefined : draft.mac,
  });
  const outgoing = hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING';
  skb.in = local ? undefined : draft.iif;
  skb.out = outgoing ? draft.oif : undefined;
  skb.physin = local ? undefined : draft.physin || undefined;
  skb.physout = outgoing ? draft.physout || undefined : undefined;
  // The first packet of a connection, and of one that was expected.
  const state = table !== 'nat' ? draft.state : draft.state === 'RELATED' ? 'RELATED' : 'NEW';
  skb.conntrack = conntrackOf({ ...draft, state }, skb);
  return skb;
}

function conntrackOf(draft: Draft, skb: Skb): SkbConntrack {
  const { source, destination, protocol, sourcePort, destinationPort, state, reply, connmark } = draft;
  if (state === 'INVALID') return { state, direction: 'original' };
  const ports = hasPorts(protocol) ? { sourcePort, destinationPort } : { sourcePort: 0, destinationPort: 0 };
  const there: Tuple = { family: skb.family, protocol, source, destination, ...ports, zone: 0 };
  const back: Tuple = {
    ...there,
    source: destination,
    destination: source,
    sourcePort: ports.destinationPort,
    destinationPort: ports.sourcePort,
  };
  const answered = state === 'ESTABLISHED';
  const isReply = answered && reply;
  const entry: Nfct = {
    id: 1,
    original: isReply ? back : there,
    reply: isReply ? there : back,
    mark: connmark,
    expected: state === 'RELATED',
    seenReply: answered,
    assured: answered,
    confirmed: answered,
    srcNat: state !== 'NEW' && draft.sourceNat,
    dstNat: state !== 'NEW' && draft.destinationNat,
    srcNatDone: false,
    dstNatDone: false,
    expires: 1000,
    packets: { original: 1, reply: 0 },
    bytes: { original: 60, reply: 0 },
    labels: new Set(),
  };
  return { state, direction: isReply ? 'reply' : 'original', entry };
}
