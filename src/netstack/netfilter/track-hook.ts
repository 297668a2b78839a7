/** nf_conntrack_in() and nf_confirm() as functions of a hook, net/netfilter/nf_conntrack_proto.c. */
import type { Hook } from '../../xtables/rule.ts';
import type { Connection } from '../conntrack/connection.ts';
import { help } from '../conntrack/helpers.ts';
import { adjustSequence } from '../conntrack/seqadj.ts';
import { isIcmp } from '../conntrack/tuple.ts';
import { addStep, type Copy, endCopy, type Run } from '../run.ts';

/** A packet that already has an entry (on lo) keeps it. */
export function track(run: Run, copy: Copy, hook: Hook): boolean {
  const { skb, net } = copy;
  const template = skb.conntrack?.template;
  if (skb.conntrack === undefined || skb.conntrack.state === 'INVALID' || template) {
    const outcome = net.conntrack.track(skb, {
      verifyChecksum: hook === 'PREROUTING' && !skb.local,
      ...(template?.zone ? { zone: template.zone } : {}),
      ...(template?.helper === undefined ? {} : { helper: template.helper }),
    });
    if (outcome === 'full') {
      endCopy(run, copy, {
        verdict: 'dropped',
        cause: 'ct-table-full',
        reason: 'NETFILTER_DROP',
        sysctl: 'net.netfilter.nf_conntrack_max',
        text: `nf_conntrack: table full, dropping packet (${net.conntrack.settings.max} entries)`,
      });
      return false;
    }
    if (outcome === 'crowded') {
      run.assumptions.add(
        `${net.name}: the conntrack table is full; the kernel makes room only if one of the few entries it looks at isn't assured`,
      );
    }
  }
  const { conntrack } = skb;
  if (conntrack) {
    addStep(run, copy, { kind: 'conntrack', state: conntrack.state, direction: conntrack.direction });
  }
  return true;
}

/** Helpers read what a connection says as it leaves; then it is confirmed. */
export function confirm(run: Run, copy: Copy): boolean {
  const { skb, net } = copy;
  const tracked = skb.conntrack;
  const connection = tracked?.entry as Connection | undefined;
  if (tracked && connection && !(tracked.state === 'RELATED' && tracked.direction === 'reply')) {
    const adjusted = connection.adjust;
    if (connection.helper !== undefined && !isError(copy)) {
      const outcome = help(connection.helper, { skb, connection, conntrack: net.conntrack, tracked });
      if (outcome.assumption !== undefined) run.assumptions.add(`${net.name}: ${outcome.assumption}`);
      if (outcome.drop !== undefined) {
        // nf_ct_destroy(): what it expected goes with a connection that never was.
        if (!connection.confirmed) connection.dead = true;
        endCopy(run, copy, {
          verdict: 'dropped',
          cause: 'ct-helper-drop',
          reason: 'NETFILTER_DROP',
          text: outcome.drop,
        });
        return false;
      }
    }
    if (adjusted && connection.original.protocol === 6 && !isLoopback(copy)) {
      adjustSequence(skb, adjusted, tracked.direction);
    }
  }
  if (net.conntrack.confirm(skb)) return true;
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: 'nat-snat-ports-exhausted',
    reason: 'NETFILTER_DROP',
    text: 'another connection with the same tuple was confirmed first (insert_failed)',
  });
  return false;
}

function isError({ skb }: Copy): boolean {
  return skb.conntrack?.state === 'RELATED' && isIcmp(skb.family, skb.protocol);
}

/** nf_is_loopback_packet(): sent on lo it was adjusted already. */
function isLoopback({ skb }: Copy): boolean {
  return skb.in === 'lo';
}
