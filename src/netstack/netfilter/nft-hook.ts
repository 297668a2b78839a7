/** nft_do_chain_ipv4() and its like, net/netfilter/nft_chain_filter.c and nft_chain_route.c: a base chain on its hook. */
import type { NftContext } from '../../nft/context.ts';
import { fieldsOf } from '../../skb/fields.ts';
import { cloneSkb } from '../../skb/from-packet.ts';
import type { Hook } from '../../xtables/rule.ts';
import type { Connection } from '../conntrack/connection.ts';
import { isLocalAddress } from '../net.ts';
import { reject, tee } from '../reject.ts';
import { rerouteOutput } from '../reroute.ts';
import { addStep, type Copy, endCopy, giveUpCopy, type Run } from '../run.ts';
import { applyNat } from './nat-hook.ts';
import type { NftBase } from './nft-chains.ts';
import { nftDropCause } from './nft-drop-cause.ts';
import { NftNetView } from './nft-view.ts';
import { type NftVerdict, walkNft } from './nft-walk.ts';
import { routingKey } from './routing-key.ts';
import { nftTproxy } from './tproxy.ts';

/**
 * What `rt` sees: rt_nexthop(), of a local route and of what br_netfilter has on its way over a bridge (fake_rtable, from behind PREROUTING
 * on) the destination itself.
 */
function routeFor({ skb, dst, bridge }: Copy): Pick<NftContext, 'route'> {
  const { destination } = fieldsOf(skb);
  if (dst) return { route: { nexthop: dst.kind === 'local' ? destination : dst.nexthop } };
  return bridge?.physout === undefined ? {} : { route: { nexthop: destination } };
}

/** True: go on. False: the packet ended here. `connection` is the one that nat statements set up, `extra` what counts of the frame's header. */
export function runNft(
  run: Run,
  copy: Copy,
  pf: NftContext['pf'],
  base: NftBase,
  { connection, extra = 0 }: { readonly connection?: Connection; readonly extra?: number } = {},
): boolean {
  const { net, skb, dst } = copy;
  const reroutes = base.base.type === 'route' && base.base.hook === 'output';
  const before = reroutes ? routingKey(copy) : '';
  const view = new NftNetView(net, skb.time, dst, copy);
  view.tproxy = (trial, address, port) => nftTproxy(copy, trial, address, port);
  const verdict = walkNft({
    base,
    state: net.nft.state,
    pf,
    skb,
    limits: net.limits,
    view,
    ...routeFor(copy),
    extra,
    hooks: {
      step: (step) => addStep(run, copy, step),
      nat: (nat) => connection === undefined || applyNat(run, copy, connection, nat),
      tee: (target) => tee(run, copy, target, base.base.hook === 'prerouting' || base.base.hook === 'input'),
      send: (device) => sendCopy(run, copy, device),
      decide: (rule) => run.kernel.evidence?.nftRule?.({ namespace: net.name, rule, skb }),
      undecided: ({ text, why, matters }) => {
        addStep(run, copy, { kind: 'unknown', text, why });
        if (!matters) return;
        run.assumptions.add(`${net.name}: ${text}`);
        run.undecided = true;
      },
    },
  });
  if (!conclude(run, copy, verdict)) return false;
  return reroutes && routingKey(copy) !== before ? rerouteOutput(run, copy) : true;
}

/** nf_dup_netdev_egress(): a copy of the frame as it is. */
function sendCopy(run: Run, copy: Copy, device: string): void {
  const skb = cloneSkb(copy.skb);
  run.answers.push({ namespace: copy.net.name, skb, always: true, direct: device });
}

function conclude(run: Run, copy: Copy, verdict: NftVerdict): boolean {
  switch (verdict.kind) {
    case 'accept':
      return true;
    case 'stolen':
      endCopy(run, copy, { verdict: 'consumed', stray: copy.flooded });
      return false;
    case 'given-up':
      giveUpCopy(run, copy, verdict.text);
      return false;
    case 'queue':
      run.assumptions.add(`${copy.net.name}: a program decides about queued packets; taken as accepting`);
      run.undecided = true;
      return true;
    case 'drop':
      endCopy(run, copy, {
        verdict: 'dropped',
        cause: nftDropCause(copy, verdict),
        reason: 'NETFILTER_DROP',
        rule: verdict.by.step,
        text: `dropped by ${placeOf(verdict)}`,
      });
      return false;
    case 'reject':
      if (canAnswer(copy)) reject(run, copy, verdict.with, verdict.by.base.base.hook.toUpperCase() as Hook);
      endCopy(run, copy, {
        verdict: 'rejected',
        cause: nftDropCause(copy, verdict),
        reason: 'NETFILTER_DROP',
        rule: verdict.by.step,
        text: `rejected by ${placeOf(verdict)} (${verdict.with})`,
      });
      return false;
  }
}

/**
 * Before the routing decision the answer is routed as if from here (nf_reject_fill_skb_dst()): to one's own address that goes only
 * with an address of one's own as source, which is what the packet asked for.
 */
function canAnswer({ net, skb, dst }: Copy): boolean {
  if (dst !== undefined || skb.family === 6) return true;
  const { source, destination } = fieldsOf(skb);
  return !isLocalAddress(net, source) || isLocalAddress(net, destination);
}

function placeOf({ by: { step } }: Extract<NftVerdict, { kind: 'drop' | 'reject' }>): string {
  const what =
    step.kind === 'nft-policy' ? `the policy of ${step.chain}` : `rule ${step.number} of ${step.chain}`;
  return `${what} in nft table ${step.family} ${step.table}`;
}
