import type { Sighting } from '../../correlate/flow.ts';
import type { TapCheck } from '../../correlate/predict.ts';
import type { Qdisc } from '../../dump/records.ts';
import { type Case, netnsOf } from '../case.ts';
import type { Cause, Found } from '../cause.ts';
import { describeSighting, seenAt } from '../evidence.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore, rulePlace, ruleText, whatDied } from '../rule-cause.ts';
import { capital, nameOf } from '../words.ts';

/** nf_ingress() and sch_handle_ingress() in __netif_receive_skb_core(), net/core/dev.c */
const page = modelCause({
  id: 'flt-netdev-tc-xdp',
  from: ['flt-rule-drop'],
  title: 'A filter on the device itself drops it: nftables netdev, traffic control or XDP',
  severity: 'error',
  page: () => ({
    symptom: 'tcpdump sees the packet arrive, and no bridge, no route and no iptables chain ever does.',
    mechanism:
      'Captures on the way in are taken before the ingress hooks of a device: traffic control (tc filters, eBPF programs of a CNI) and nftables netdev chains. What is dropped there never reaches a bridge, conntrack or iptables. On the way out these hooks come before the capture, so nothing is seen at all; XDP drops before both.',
    check:
      'tc -s qdisc show dev X (clsact, ingress: dropped); tc filter show dev X ingress; nft list ruleset (table netdev); bpftool net; ip -d link (xdp)',
    proof:
      'The packet is captured on the device and nowhere after it, ARP or other packets of the same sender get on, and a netdev rule or the clsact of that device has counted drops.',
    refutation: 'The packet is seen on the bridge or the outgoing interface, or a netfilter chain counts it.',
    settledBy: ['nft list ruleset', 'tc -s qdisc show', 'tc filter show dev X ingress', 'bpftool net show'],
    repair:
      'Change or remove that rule, filter or program; what a CNI put there is put there again by its agent.',
    references: [
      'net/core/dev.c: sch_handle_ingress(), nf_ingress(), sch_handle_egress(), drop reasons TC_INGRESS, TC_EGRESS, NETFILTER_DROP',
      'include/linux/netfilter_netdev.h: nf_hook_egress()',
      'tc-bpf(8)',
      'nft(8): netdev family',
      'docker/docs#25676',
    ],
  }),
  tell(kase, drop) {
    const { rule } = drop.trace;
    if ((rule?.kind !== 'nft-rule' && rule?.kind !== 'nft-policy') || rule.family !== 'netdev')
      return undefined;
    const where = nameOf(kase, drop.namespace);
    return {
      title: `${where} drops ${whatDied(drop)} at the device: ${rulePlace(drop)}`,
      explanation:
        `${capital(whatDied(drop))} meets ${rulePlace(drop)}${ruleText(drop) ? ` ("${ruleText(drop)}")` : ''}, an nftables chain on the device itself. On the way in that is behind the place where captures are taken, and before bridges, ` +
        'conntrack and iptables, which therefore know nothing of it.',
      fix: acceptBefore(kase, drop),
    };
  },
});

/** By the model, which runs netdev chains; or where a packet that should get on stops at a device whose clsact drops. */
export const fltNetdevTcXdp: Cause = { ...page, find: (kase) => page.find?.(kase) ?? stoppedAt(kase) };

function stoppedAt(kase: Case): Found | undefined {
  if (kase.outcome.status === 'delivered' || kase.hypothetical || !kase.prediction) return undefined;
  const { checks, backChecks, there, back } = kase.prediction;
  return (
    stopped(kase, checks, there.taps.length > 0, 'the request') ??
    (back ? stopped(kase, backChecks, true, 'the answer') : undefined)
  );
}

/** Seen coming in by a device, and missing at the next place of that namespace. */
function stopped(kase: Case, checks: readonly TapCheck[], any: boolean, what: string): Found | undefined {
  if (!any) return undefined;
  const at = checks.findLastIndex(({ sighting }) => sighting !== undefined);
  const last = checks[at];
  const sighting = last?.sighting;
  if (!last || !sighting) return undefined;
  const { namespace, interface: device, direction } = last.tap;
  if (direction === 'in') {
    const filter = clsactOf(kase, namespace, device);
    if (!filter?.dropped) return byUnplacedChain(kase, namespace, device, sighting, what);
    const after = checks.slice(at + 1);
    return told(kase, {
      namespace,
      device,
      hook: 'ingress',
      filter,
      sighting,
      what,
      missing: after.some(({ missing }) => missing),
    });
  }
  return undefined;
}

/** `nft -j list ruleset` of nft 1.0.6 leaves out the device of a netdev chain: then it may be any. */
function byUnplacedChain(
  kase: Case,
  namespace: string,
  device: string,
  sighting: Sighting,
  what: string,
): Found | undefined {
  for (const table of netnsOf(kase, namespace)?.nft?.tables ?? []) {
    if (table.family !== 'netdev') continue;
    for (const chain of table.chains) {
      if (chain.base?.hook !== 'ingress' || chain.base.devices.length > 0) continue;
      const index = chain.rules.findIndex(({ text }) => / drop$/.test(text) && !/packets 0 /.test(text));
      const rule = chain.rules[index];
      if (!rule) continue;
      return {
        confidence: 0.5,
        title: `${what} may be dropped on ${device} by netdev ${table.name} ${chain.name}, whose device the dump doesn’t say`,
        explanation:
          `${capital(what)} is seen coming in by ${device} and nowhere after it. The chain netdev ${table.name} ${chain.name} drops at the ingress of a device, and the JSON of this nft doesn’t print of which. ` +
          'The text form does: nft list ruleset.',
        namespace,
        interface: device,
        rule: {
          family: kase.flow.family,
          table: `netdev ${table.name}`,
          chain: chain.name,
          number: index + 1,
          text: rule.text,
          path: rule.span.path,
          line: rule.span.line,
        },
        status: 'dropped',
        evidence: [
          seenAt(
            kase,
            sighting,
            `${describeSighting(sighting)} on ${namespace}:${device}, the last place it is seen`,
          ),
          { path: rule.span.path, line: rule.span.line, text: rule.text },
        ],
        fix: [],
        effect: 'Collect nft list ruleset (text) and run again.',
      };
    }
  }
  return undefined;
}

function clsactOf(kase: Case, namespace: string, device: string): Qdisc | undefined {
  return netnsOf(kase, namespace)?.qdiscs?.find(
    ({ dev, kind }) => dev === device && (kind === 'clsact' || kind === 'ingress'),
  );
}

function told(
  kase: Case,
  of: {
    namespace: string;
    device: string;
    hook: 'ingress';
    filter: Qdisc;
    sighting: Sighting;
    what: string;
    missing: boolean;
  },
): Found {
  const { namespace, device, hook, filter, sighting, what, missing } = of;
  const where = nameOf(kase, namespace);
  return {
    confidence: missing ? 0.9 : 0.72,
    title: `${where} drops ${what} on ${device}: a traffic control filter (${filter.kind}) has dropped ${filter.dropped} packets there`,
    explanation:
      `${capital(what)} is seen coming in by ${device} and nowhere after it, and nothing that was dumped would stop it. ${device} has a ${filter.kind} qdisc, where tc filters and eBPF programs are attached, and it counts ${filter.dropped} dropped packets: ` +
      'they end there, behind the capture and before the bridge, conntrack and iptables.',
    namespace,
    interface: device,
    group: `${device} ${hook}`,
    status: 'dropped',
    evidence: [
      seenAt(
        kase,
        sighting,
        `${describeSighting(sighting)} on ${namespace}:${device}, the last place it is seen`,
      ),
      {
        path: filter.span.path,
        line: filter.span.line,
        text: `qdisc ${filter.kind} on ${device}: dropped ${filter.dropped}`,
      },
    ],
    fix: [],
    effect: `Look at it with tc filter show dev ${device} ${hook}; if nobody needs it: tc filter del dev ${device} ${hook}.`,
  };
}
