/** The kernel's own answers to a packet, queued until the packet itself is through. */
import { PROTOCOL } from '../net/protocol.ts';
import { fieldsOf, headerOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import { setSource } from '../skb/rewrite.ts';
import type { Skb } from '../skb/skb.ts';
import { isAnycast } from './address-type.ts';
import { type IcmpMessage, icmpError } from './icmp.ts';
import { mayAnswer } from './icmp-limit.ts';
import { ownersOf } from './net.ts';
import { isLinkLocal } from './route.ts';
import { routeOutput } from './route-output.ts';
import { addStep, type Copy, hopOf, type Run } from './run.ts';
import { selectAddress6 } from './source-address6.ts';

/** nf_conntrack_attach(): an error or refusal belongs to the connection of what it is about, from the other side. */
export function attachConntrack(answer: Skb, about: Skb): void {
  const { conntrack } = about;
  if (conntrack?.state === 'UNTRACKED') {
    // Attached to nothing: tracked like any packet, but `--notrack` looks no further.
    answer.conntrack = { state: 'INVALID', direction: 'original', template: {} };
    return;
  }
  if (!conntrack?.entry) return;
  answer.conntrack = {
    ...conntrack,
    state: 'RELATED',
    direction: conntrack.direction === 'original' ? 'reply' : 'original',
  };
}

export interface AnswerOf {
  /** Shown as a step of the packet it answers (REJECT). */
  readonly shown?: string;
  /** Interface that its route is asked to leave by. */
  readonly out?: string;
  /** The packet that an error is about. */
  readonly about?: Skb;
  /** Interface it leaves by at once, past netfilter. */
  readonly direct?: string;
}

export function queueAnswer(
  run: Run,
  copy: Copy,
  skb: Skb,
  { shown, direct, out, about }: AnswerOf = {},
): void {
  if (shown !== undefined) addStep(run, copy, { kind: 'emit', packet: headerOf(skb), text: shown });
  const { destination } = fieldsOf(skb);
  const linkLocal = isLinkLocal(destination);
  skb.kernelSocket ??= 'control';
  run.answers.push({
    namespace: copy.net.name,
    skb,
    always: false,
    ...(out !== undefined ? { out } : linkLocal && !copy.skb.local ? { out: copy.dev } : {}),
    ...(about ? { about } : {}),
    ...(direct === undefined ? {} : { direct }),
  });
}

/** An ICMP error about the packet, unless it must not be answered or its sender had too many. */
export function queueIcmp(run: Run, copy: Copy, message: IcmpMessage, of: AnswerOf = {}): void {
  const { skb, net } = copy;
  if (run.icmpSocket && hopOf(run, copy).in === undefined) return;
  const { dst } = copy;
  const forHost = dst?.kind === 'local' || (dst?.kind === 'output' && dst.out === 'lo');
  const local = forHost && !dst.broadcast && !dst.multicast;
  const asAsked = isAsAsked(run, copy, local);
  const answer = icmpError(skb, message, asAsked);
  if (!answer) return;
  const { destination } = fieldsOf(answer);
  // icmpv6_route_lookup(): who can't be told apart is told nothing.
  if (typeof destination === 'bigint' && isAnycast(net, destination)) return;
  if (!asAsked) speakFrom(run, copy, answer);
  attachConntrack(answer, skb);
  if (!mayAnswer(net, fieldsOf(answer).destination, message.type, skb.time)) return;
  queueAnswer(run, copy, answer, { about: cloneSkb(skb), ...of });
}

/**
 * Whether an error speaks from the address that the packet was for: in IPv4 of what a route brought to the host, in IPv6 (icmp6_send()) where
 * an interface of the host has that address, though the packet was on its way elsewhere.
 */
function isAsAsked(run: Run, copy: Copy, local: boolean): boolean {
  const { net, skb } = copy;
  const { destination } = fieldsOf(skb);
  if (typeof destination === 'number' || net.netns.links === undefined) return local;
  if (local && isAnycast(net, destination)) return true;
  const into = isLinkLocal(destination) ? hopOf(run, copy).in : undefined;
  return ownersOf(net, destination).some(({ name }) => into === undefined || name === into);
}

/**
 * ICMPv6 errors come from an address of the interface that the packet came in by (icmp6_send()), unless the route to the sender has a
 * source (icmpv6_rt_has_prefsrc()).
 */
function speakFrom(run: Run, copy: Copy, answer: Skb): void {
  const bridged = copy.bridge?.physout !== undefined;
  const name = bridged ? copy.bridge?.physin : hopOf(run, copy).in;
  const { destination } = fieldsOf(answer);
  if (name === undefined || typeof destination !== 'bigint') return;
  const flow = { destination, protocol: PROTOCOL['ipv6-icmp'], iif: 'lo', tos: 0, mark: 0, uid: 0 };
  const { result } = routeOutput(copy.net, flow);
  if (result.kind === 'ok' && result.found?.route.prefsrc !== undefined) return;
  const source = selectAddress6(copy.net, name, destination);
  if (source !== undefined) setSource(answer, source);
}

export const NO_PORT: Readonly<Record<4 | 6, IcmpMessage>> = {
  4: { type: 3, code: 3 },
  6: { type: 1, code: 4 },
};
export const NO_HOST: Readonly<Record<4 | 6, IcmpMessage>> = {
  4: { type: 3, code: 1 },
  6: { type: 1, code: 3 },
};
