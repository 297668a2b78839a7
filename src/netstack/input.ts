/** ip_rcv() to ip_local_deliver() or ip_forward(), net/ipv4/ip_input.c and ip_forward.c; their IPv6 counterparts. */
import { viewOf } from '../base/bytes.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { formatIp } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import { setTtl } from '../skb/rewrite.ts';
import { queueAnswer, queueIcmp } from './answer.ts';
import { defragment } from './defrag.ts';
import { icmpError } from './icmp.ts';
import { mayRedirect, mayRefuse } from './icmp-limit.ts';
import { hopOptionsFault, type OptionFault } from './ipv6-options.ts';
import { deliverLocally } from './local.ts';
import { mtuToward } from './mtu.ts';
import { deviceOf } from './net.ts';
import { runHook } from './netfilter/hook.ts';
import { noteIncomplete, output } from './output.ts';
import { isLinkLocal, isLoopbackIp, isMulticast, type RouteDrop, routeStep } from './route.ts';
import { routeInput } from './route-input.ts';
import { addStep, type Copy, endCopy, hopOf, type Run } from './run.ts';
import { earlyDemux } from './socket-lookup.ts';

/** A packet has reached the IP layer on `copy.dev`. */
export function receiveIp(run: Run, copy: Copy): void {
  const { skb, net, dev } = copy;
  if (skb.packetType === 'otherhost') {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'neigh-stale-mac',
      reason: 'OTHERHOST',
      text: `the frame is addressed to another MAC than ${dev}'s`,
      stray: copy.flooded,
    });
    return;
  }
  const fault = headerFault(copy);
  if (fault) {
    const { problem, ...drop } = fault;
    endCopy(run, copy, { verdict: 'dropped', cause: 'martian-drop', ...drop, stray: copy.flooded });
    if (problem) queueIcmp(run, copy, { type: 4, code: problem.code, rest: problem.pointer });
    return;
  }
  const before = fieldsOf(skb).destination;
  const alreadySeen = copy.bridge !== undefined;
  if (!alreadySeen && !runHook(run, copy, 'PREROUTING', { in: dev })) return;
  if (fieldsOf(skb).destination !== before) copy.translated = true;
  for (const text of net.fib[skb.family].assumptions) run.assumptions.add(text);
  const redirected = fieldsOf(skb).destination !== before;
  copy.socket ??= earlyDemux(copy);
  if (redirected || copy.dst === undefined) {
    const result = routeInput(net, skb, dev, copy.translated);
    addStep(run, copy, result.step);
    if (result.kind === 'drop') {
      refuse(run, copy, result);
      return;
    }
    for (const text of result.assumptions) run.assumptions.add(text);
    copy.dst = result.destination;
  } else {
    const { broadcast, multicast } = copy.dst;
    addStep(run, copy, routeStep(broadcast ? 'broadcast' : multicast ? 'multicast' : 'local'));
  }
  if (copy.dst.kind === 'local') {
    // Without conntrack, fragments of an IPv4 packet are joined only now.
    if (skb.family === 4 && !defragment(run, copy)) return;
    if (!runHook(run, copy, 'INPUT', { in: dev, physin: copy.bridge?.physin })) return;
    deliverLocally(run, copy);
    return;
  }
  forward(run, copy);
}

/** What ip_rcv_core() and ip6_rcv_core() refuse before any chain. */
function headerFault({ skb, dev }: Copy): (OptionFault & { readonly reason: string }) | undefined {
  const { source, destination } = fieldsOf(skb);
  if (skb.family === 4) {
    if (!new Ipv4(viewOf(skb.bytes), 0).checksumRight && !skb.local && dev !== 'lo') {
      return { reason: 'IP_CSUM', text: 'the IPv4 header checksum is wrong' };
    }
    return undefined;
  }
  if (dev !== 'lo' && (isLoopbackIp(source) || isLoopbackIp(destination))) {
    return { reason: 'IP_INHDR', text: `::1 arrived on ${dev}` };
  }
  if (isMulticast(source)) return { reason: 'IP_INHDR', text: `source ${formatIp(source)} is multicast` };
  const options = hopOptionsFault(skb);
  return options && { reason: 'IP_INHDR', ...options };
}

function refuse(run: Run, copy: Copy, result: RouteDrop): void {
  const { net } = copy;
  if (result.incomplete.length > 0) noteIncomplete(run, net, result.incomplete);
  endCopy(run, copy, {
    verdict: result.icmp ? 'rejected' : 'dropped',
    cause: result.cause,
    reason: result.reason,
    text: result.text,
    ...(result.sysctl === undefined ? {} : { sysctl: result.sysctl }),
    ...(result.step.route === undefined ? {} : { route: result.step.route }),
    stray: copy.flooded,
  });
  if (result.icmp) {
    const type = copy.skb.family === 4 ? 3 : 1;
    const { source } = fieldsOf(copy.skb);
    if (type === 3 && !mayRefuse(net, source, copy.skb.time)) return;
    queueIcmp(run, copy, { type, code: result.icmp.code });
  }
}

/** ip_forward() */
function forward(run: Run, copy: Copy): void {
  const { skb, net, dev, dst } = copy;
  if (!dst) return;
  const hop = hopOf(run, copy);
  hop.out = dst.out;
  // As it came, or as `meta pkttype set` made it.
  const isGroupFrame = skb.packetType === 'broadcast' || skb.packetType === 'multicast';
  if (isGroupFrame && !dst.multicast) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'martian-drop',
      reason: 'UNICAST_IN_L2_MULTICAST',
      text: 'a unicast packet in a broadcast frame is not forwarded',
      stray: copy.flooded,
    });
    return;
  }
  if (copy.socket) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'flt-rule-drop',
      reason: 'NOT_SPECIFIED',
      text: 'a packet that has a socket here (by TPROXY, or a connection) is not forwarded: an ip rule for its mark has to make it local',
    });
    return;
  }
  const { ttl } = fieldsOf(skb);
  if (ttl <= 1) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'ttl-expired',
      reason: 'IP_INHDR',
      text: `TTL ${ttl} ends in ${net.name}`,
    });
    queueIcmp(run, copy, { type: skb.family === 4 ? 11 : 3, code: 0 });
    return;
  }
  // ip6_rcv_core() takes the interface of a route that the packet already has for the one it came in by.
  const isBack = dst.out === dev || copy.bridge?.rerouted === true;
  if (skb.family === 6 && !isBack && !mayForward6(run, copy)) return;
  const tooBig = exceedsMtu(copy);
  if (tooBig !== undefined) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'mtu-pmtu-blackhole',
      reason: 'PKT_TOO_BIG',
      text: `${skb.length} bytes don't fit the MTU ${tooBig} of ${dst.out}, and may not be fragmented`,
    });
    queueIcmp(
      run,
      copy,
      skb.family === 4 ? { type: 3, code: 4, rest: tooBig } : { type: 2, code: 0, rest: tooBig },
    );
    return;
  }
  setTtl(skb, ttl - 1);
  redirect(run, copy);
  const phys = copy.bridge === undefined ? {} : { physin: copy.bridge.physin };
  if (!runHook(run, copy, 'FORWARD', { in: dev, out: dst.out, ...phys })) return;
  output(run, copy);
}

/** ip6_forward(): link-local sources stay on their link. */
function mayForward6(run: Run, copy: Copy): boolean {
  const { source } = fieldsOf(copy.skb);
  if (typeof source !== 'bigint') return true;
  const linkLocal = isLinkLocal(source);
  if (!linkLocal && source !== 0n) return true;
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: 'martian-drop',
    reason: 'IP_INADDRERRORS',
    text: `source ${formatIp(source)} may not leave its link`,
  });
  if (linkLocal) queueIcmp(run, copy, { type: 1, code: 2 });
  return false;
}

/** ip_rt_send_redirect(): the sender could have gone to the next hop himself. */
function redirect(run: Run, copy: Copy): void {
  const { skb, net, dst } = copy;
  if (!dst?.redirects || typeof dst.nexthop !== 'number') return;
  const { source } = fieldsOf(skb);
  if (!mayRedirect(net, source, skb.time)) return;
  const answer = icmpError(skb, { type: 5, code: 1, rest: dst.nexthop });
  if (answer) queueAnswer(run, copy, answer);
}

/** A packet longer than its incoming interface's MTU is a train of segments that offloading joined: it will be cut again. */
function exceedsMtu({ skb, net, dev, dst }: Copy): number | undefined {
  if (!dst) return undefined;
  const mtu = mtuToward(net, dst, skb.family);
  if (skb.length <= mtu || skb.length > deviceOf(net, dev).mtu) return undefined;
  const fixed = skb.family === 6 || new Ipv4(viewOf(skb.bytes), 0).dontFragment;
  return fixed ? mtu : undefined;
}
