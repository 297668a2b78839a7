/** tproxy_tg4(), tproxy_tg6_v1(), net/netfilter/xt_TPROXY.c: the packet is given to a listening socket, whatever it is addressed to. */
import { isUnknown } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { RuleVerdict } from '../../xtables/context.ts';
import type { Rule } from '../../xtables/rule.ts';
import { deviceOf } from '../net.ts';
import { addStep, type Copy, type Run } from '../run.ts';
import { listening, proxyListener } from '../sockets.ts';

/** The socket is taken to be a transparent one: no command tells, and it would be of no use otherwise. False drops. */
export function tproxy(
  run: Run,
  copy: Copy,
  { address, port, mark }: Extract<RuleVerdict, { kind: 'tproxy' }>,
  rule: Rule,
): boolean {
  const { skb, net } = copy;
  const { destinationPort } = fieldsOf(skb);
  const wanted = port === 0 ? destinationPort : port;
  if (wanted === undefined) return false;
  const socket = proxyListener(net, skb, address ?? ownAddress(copy), wanted);
  if (socket === undefined) return false;
  if (isUnknown(socket)) {
    const text = `rule "${rule.text}" taken as having a socket on port ${wanted}: ${socket.why}`;
    addStep(run, copy, { kind: 'unknown', text, why: socket.why });
    run.assumptions.add(`${net.name}: ${text}`);
    run.undecided = true;
  }
  skb.mark = ((skb.mark & ~mark.mask) ^ mark.value) >>> 0;
  copy.socket = isUnknown(socket) ? { state: 'unknown' } : listening(socket);
  return true;
}

/** tproxy_laddr4(): the first address of the interface, else the packet's own destination. */
function ownAddress({ net, skb, dev }: Copy): Ip {
  const found = deviceOf(net, dev).addresses.find(
    ({ address }) => (typeof address === 'number') === (skb.family === 4),
  );
  return found?.address ?? fieldsOf(skb).destination;
}
