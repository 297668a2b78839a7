/**
 * tproxy_tg4(), tproxy_tg6_v1(), net/netfilter/xt_TPROXY.c, and nft_tproxy_eval(): the packet is given to a socket, whatever it is
 * addressed to. The one that its connection has already, else the listener on the address and port that the rule names.
 */
import { isUnknown, type Unknown } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { Skb } from '../../skb/skb.ts';
import type { RuleVerdict } from '../../xtables/context.ts';
import { findHeader, isFound } from '../../xtables/ipv6.ts';
import type { Rule } from '../../xtables/rule.ts';
import { deviceOf } from '../net.ts';
import { addStep, type Copy, type Run } from '../run.ts';
import { type FoundSocket, lookUpSocket, type SocketKey } from '../socket-lookup.ts';
import { listening } from '../sockets.ts';

const [TCP, UDP] = [6, 17];

/** False drops: there is no socket, or one that isn't transparent. Whether one is, where no listing tells, is taken as yes. */
export function tproxyTarget(
  run: Run,
  copy: Copy,
  { address, port, mark }: Extract<RuleVerdict, { kind: 'tproxy' }>,
  rule: Rule,
): boolean {
  const { skb, net } = copy;
  const found = proxySocket(copy, skb, address, port);
  if (found === undefined) return false;
  if (isUnknown(found)) {
    const text = `rule "${rule.text}" taken as having a socket on port ${port}: ${found.why}`;
    addStep(run, copy, { kind: 'unknown', text, why: found.why });
    run.assumptions.add(`${net.name}: ${text}`);
    run.undecided = true;
  }
  skb.mark = ((skb.mark & ~mark.mask) ^ mark.value) >>> 0;
  assign(copy, found);
  return true;
}

/** False ends the rule. `of` may be a packet that is only tried out: nothing is assigned then. */
export function nftTproxy(
  copy: Copy,
  of: Skb,
  address: Ip | undefined,
  port: number | undefined,
): boolean | Unknown {
  const found = proxySocket(copy, of, address, port ?? 0);
  if (found === undefined) return false;
  if (isUnknown(found)) return found;
  if (of === copy.skb) assign(copy, found);
  return true;
}

/** nf_tproxy_assign_sock() */
function assign(copy: Copy, found: FoundSocket | Unknown): void {
  if (isUnknown(found)) {
    copy.socket = { state: 'unknown' };
    return;
  }
  copy.sk = found.socket;
  copy.socket = found.connected ? { ...listening(found.socket), state: 'kernel' } : listening(found.socket);
}

function proxySocket(
  copy: Copy,
  skb: Skb,
  address: Ip | undefined,
  port: number,
): FoundSocket | undefined | Unknown {
  const own = keyOf(skb);
  if (!own) return undefined;
  const opens = own.protocol === TCP && ((fieldsOf(skb).tcpFlags ?? 0) & 0x17) === 2;
  const listener = { destination: address ?? ownAddress(copy), destinationPort: port || own.destinationPort };
  const found = findProxy(copy, own, listener, opens);
  if (!found || isUnknown(found)) return found;
  return found.socket.transparent === false ? undefined : found;
}

/** nf_tproxy_get_sock_v4(), first NF_TPROXY_LOOKUP_ESTABLISHED, then NF_TPROXY_LOOKUP_LISTENER. */
function findProxy(
  { net, dev }: Copy,
  own: SocketKey,
  to: Pick<SocketKey, 'destination' | 'destinationPort'>,
  opens: boolean,
): FoundSocket | undefined | Unknown {
  const taken = lookUpSocket(net, own, dev, opens);
  if (isUnknown(taken)) return taken;
  // A closing connection makes room for the one that a SYN opens.
  const closing = taken?.connected && taken.socket.state === 'TIME-WAIT' && opens;
  if (taken?.connected && !closing) return taken;
  const found = lookUpSocket(net, { ...own, ...to }, dev, opens);
  if (found && !isUnknown(found) && found.connected) return closing ? taken : undefined;
  return found ?? (closing ? taken : undefined);
}

/** Undefined without a whole header, which the kernel looks for before anything else. */
function keyOf(skb: Skb): SocketKey | undefined {
  const { family, protocol, source, destination, sourcePort, destinationPort } = fieldsOf(skb);
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  const found = family === 6 ? findHeader(skb) : undefined;
  const upper = found && isFound(found) ? found.protocol : protocol;
  if ((upper !== TCP && upper !== UDP) || skb.transport < 0) return undefined;
  return { family, protocol: upper, source, destination, sourcePort, destinationPort };
}

/** nf_tproxy_laddr4(), nf_tproxy_laddr6(): the interface's first address, else the packet's own destination. */
function ownAddress({ net, skb, dev }: Copy): Ip {
  const found = deviceOf(net, dev).addresses.find(
    ({ address, flags }) =>
      (typeof address === 'number') === (skb.family === 4) && !flags?.some((flag) => UNUSED.has(flag)),
  );
  return found?.address ?? fieldsOf(skb).destination;
}

const UNUSED: ReadonlySet<string> = new Set(['secondary', 'tentative', 'deprecated']);
