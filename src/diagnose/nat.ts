import { once } from '../base/memo.ts';
import { isUnknown } from '../base/ternary.ts';
import type { Sighting } from '../correlate/flow.ts';
import { isLoopback, isPrivate, neighboursOf, ownersOf } from '../correlate/owner.ts';
import { isCapture, wasCapturing } from '../correlate/points.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import { formatIp, type Ip, parseIp } from '../net/ip.ts';
import { applyMask, formatPrefix, networkOf, type Prefix } from '../net/prefix.ts';
import type { Trace } from '../netstack/hop.ts';
import type { Rule, Ruleset } from '../xtables/rule.ts';
import { type Case, netnsOf } from './case.ts';
import type { Command } from './cause.ts';
import type { Evidence, Finding } from './finding.ts';
import { type FailedMatch, failedMatches, fieldOf, nftNatChain, nftNatRules } from './nft-nat.ts';
import { iptablesOf } from './words.ts';

/** A packet that left the known world with an address which only the inside knows. */
export interface Untranslated {
  readonly namespace: string;
  /** Interface it left by, and the one of the inside network. */
  readonly out: string;
  readonly inside?: string;
  readonly source: Ip;
  readonly subnet?: Prefix;
  readonly seen?: Sighting;
  /** A packet filter dump of that namespace was given. */
  readonly rulesKnown: boolean;
  readonly rules: readonly Evidence[];
  /** Captures at the exit that show no answer. */
  readonly silence: readonly Evidence[];
}

/** The flow's exit from the host that NATs (or should), if its source is one that the outside can't answer. */
export function leftUntranslated(kase: Case): Untranslated | undefined {
  if (kase.outcome.status === 'delivered' && !kase.hypothetical) return undefined;
  // An answer to that address, wherever it was seen, shows that the other side knows the way.
  if (!kase.hypothetical && answeredBeyond(kase)) return undefined;
  return fromModel(kase) ?? fromCaptures(kase);
}

function answeredBeyond({ flow }: Case): boolean {
  return flow.legs.some((leg) => leg.reply.packets > 0 && leg.client.address === flow.client.address);
}

function fromModel(kase: Case): Untranslated | undefined {
  const there = kase.prediction?.there;
  const exit = there?.taps.at(-1);
  if (exit?.interface === 'any') return undefined;
  if (!there || fateOf(there) !== 'forwarded' || !exit || there.hops.length === 0) return undefined;
  const source = parseIp(there.final.source);
  if (source === undefined || !isPrivate(source)) return undefined;
  const netns = netnsOf(kase, there.namespace);
  if (!netns || ownersOf(kase.snapshot, source).some((owner) => owner.netns.name === there.namespace))
    return undefined;
  // Of what conntrack makes nothing of, no NAT rule is asked.
  if (there.hops.at(-1)?.steps.some((step) => step.kind === 'conntrack' && step.state === 'INVALID'))
    return undefined;
  const device = netns.links?.find((link) => link.name === exit.interface);
  const master = netns.links?.find((link) => link.name === device?.master);
  const near = [...(device?.addresses ?? []), ...(master?.addresses ?? [])];
  if (near.some(({ address, length }) => inSubnet(source, address, length))) return undefined;
  const inside = neighboursOf(kase.snapshot, source).find(
    (owner) => owner.netns.name === there.namespace && owner.link.name !== exit.interface,
  );
  // The far side knows the way back: it answers others of that network, or is itself a private network next door.
  if (answersUntranslated(kase, exit.interface, source)) return undefined;
  if (kase.hypothetical && isPrivate(kase.flow.server.address)) return undefined;
  const seen = kase.prediction?.checks.findLast((check) => check.tap === exit)?.sighting;
  if (!seen && !kase.hypothetical && kase.prediction?.checks.at(-1)?.missing) return undefined;
  if (!kase.hypothetical && answeredAt(kase, there.namespace, exit.interface)) return undefined;
  const rulesets = kase.flow.family === 4 ? netns.rulesets4 : netns.rulesets6;
  return {
    namespace: there.namespace,
    out: exit.interface,
    ...(inside && { inside: inside.link.name, subnet: networkOf(source, inside.length) }),
    ...(!inside && there.hops.at(-1)?.in !== undefined && { inside: there.hops.at(-1)?.in as string }),
    source,
    ...(seen && { seen }),
    rulesKnown: rulesets !== undefined,
    rules: postroutingEvidence(rulesets),
    silence: kase.hypothetical ? [] : silenceAt(kase, there.namespace, exit.interface),
  };
}

/** Without dumps: the same packet at two points, the first nearer to the sender, its private source unchanged towards a public address. */
function fromCaptures(kase: Case): Untranslated | undefined {
  if (kase.hypothetical || kase.prediction) return undefined;
  const { client, server } = kase.flow;
  if (!isPrivate(client.address) || isPrivate(server.address) || isLoopback(server.address)) return undefined;
  const legs = kase.flow.legs.filter((leg) => leg.forward.packets > 0);
  const last = legs.at(-1);
  const first = legs[0];
  const seen = last?.forward.kept[0];
  if (
    legs.length < 2 ||
    !first ||
    !last ||
    !seen ||
    last.client.address !== client.address ||
    last.reply.packets > 0
  )
    return undefined;
  // Routed on the way (the TTL fell), and still with its private source.
  const before = first.forward.kept[0];
  if (before?.ttl === undefined || seen.ttl === undefined || before.ttl <= seen.ttl) return undefined;
  const point = kase.correlation.points[last.point];
  const inside = kase.correlation.points[first.point];
  if (!point || !inside) return undefined;
  return {
    namespace: point.namespace,
    out: point.interface,
    inside: inside.interface,
    source: client.address,
    seen,
    rulesKnown: false,
    rules: [],
    silence: silenceAt(kase, point.namespace, point.interface),
  };
}

function inSubnet(ip: Ip, address: Ip, length: number): boolean {
  return typeof ip === typeof address && networkOf(address, length).address === networkOf(ip, length).address;
}

/** Another flow left there with an address of the same network and was answered. */
export function answersUntranslated(kase: Case, device: string, source: Ip): boolean {
  return answeredOutside(kase.correlation, device, source, kase.flow.server.address);
}

/** Captures show that the networks of the two talk by this device without translation. */
export function answeredOutside(
  correlation: Correlation,
  device: string,
  source: Ip,
  destination: Ip,
): boolean {
  return answeredNetworks(correlation).has(networkPair(device, source, destination));
}

const answeredNetworks = once(({ flows, points }: Correlation): ReadonlySet<string> => {
  const pairs = new Set<string>();
  for (const flow of flows) {
    for (const leg of flow.legs) {
      if (leg.reply.packets === 0 || leg.forward.packets === 0) continue;
      pairs.add(networkPair(points[leg.point]?.interface ?? '', leg.client.address, leg.server.address));
    }
  }
  return pairs;
});

function networkPair(device: string, source: Ip, destination: Ip): string {
  const network = (ip: Ip) => networkOf(ip, typeof ip === 'number' ? 24 : 64).address;
  return `${device} ${network(source)} ${network(destination)}`;
}

function answeredAt(kase: Case, namespace: string, device: string): boolean {
  return kase.flow.legs.some((leg) => {
    const point = kase.correlation.points[leg.point];
    return leg.reply.packets > 0 && point?.namespace === namespace && point.interface === device;
  });
}

/** "eth0.pcap: no packet from 8.8.8.8 among its 12 packets" */
export function silenceAt(kase: Case, namespace: string, device: string): Evidence[] {
  return kase.correlation.points
    .filter(
      (point) => point.namespace === namespace && (point.interface === device || point.interface === 'any'),
    )
    .filter((point) => isCapture(point) && wasCapturing(point, kase.flow.protocol, kase.flow.end) !== 'no')
    .map((point) => ({
      path: point.path,
      text: `no answer from ${formatIp(kase.flow.server.address)} to ${kase.prediction?.there.final.source ?? formatIp(kase.flow.client.address)} among its ${point.packets} packets`,
    }));
}

function postroutingEvidence(rulesets: readonly Ruleset[] | undefined): Evidence[] {
  if (!rulesets) return [];
  const nat = rulesets.map((ruleset) => ruleset.tables.get('nat')).find((table) => table !== undefined);
  const chain = nat?.chains.get('POSTROUTING');
  const path = rulesets[0]?.path;
  if (path === undefined) return [];
  if (!nat) return [{ path, text: 'there is no nat table' }];
  const line = chain?.span?.line;
  return [
    {
      path,
      ...(line !== undefined && { line }),
      text: `nat POSTROUTING: none of its ${chain?.rules.length ?? 0} rules translates the source`,
    },
  ];
}

const SOURCE_NAT = new Set(['MASQUERADE', 'SNAT']);

export interface NearMiss {
  readonly target: string;
  readonly rule: NonNullable<Finding['rule']>;
  readonly why: string;
  /** Its `! -d` leaves this destination out: somebody meant it. */
  readonly exempted: boolean;
}

/** Source NAT rules of that namespace that this packet did not meet, with the condition that failed. */
export function natNearMisses(
  kase: Case,
  left: Pick<Untranslated, 'namespace' | 'source' | 'out'>,
): NearMiss[] {
  const netns = netnsOf(kase, left.namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const own = rulesets.flatMap((ruleset) =>
    [...(ruleset.tables.get('nat')?.chains.values() ?? [])].flatMap((chain) =>
      chain.rules.flatMap((rule, index) => {
        if (rule.target?.kind !== 'extension' || !SOURCE_NAT.has(rule.target.name) || isSelfMasquerade(rule))
          return [];
        const why = failedCondition(rule, left.source, left.out, kase.prediction?.there);
        return [
          {
            target: rule.target.name,
            why,
            exempted: rule.destination?.invert === true && why.startsWith('its -d'),
            rule: {
              family: ruleset.family,
              table: 'nat',
              chain: chain.name,
              number: index + 1,
              text: rule.text,
              path: rule.span.path,
              line: rule.span.line,
            },
          },
        ];
      }),
    ),
  );
  // One for another network is hardly the one that was meant.
  const isForOthers = ({ why }: NearMiss) => /^its -s |^it asks for "ip6? saddr/.test(why);
  return [...own, ...nftNearMisses(kase, left)].toSorted(
    (one, other) => Number(isForOthers(one)) - Number(isForOthers(other)),
  );
}

/** The same for rules of nft's own tables. */
function nftNearMisses(
  kase: Case,
  { namespace, source, out }: Pick<Untranslated, 'namespace' | 'source' | 'out'>,
): NearMiss[] {
  const there = kase.prediction?.there;
  const destination = (there && parseIp(there.final.destination)) ?? kase.flow.server.address;
  if (typeof destination !== typeof source) return [];
  return nftNatRules(kase, namespace, 'postrouting').flatMap((found) => {
    const failed = failedMatches(kase, found, 'postrouting', { source, destination, out });
    // One for the other family is none for this packet.
    if (failed.some((each) => isOfOtherFamily(kase, each.statement.left))) return [];
    const [first] = failed;
    const ending = there?.hops
      .at(-1)
      ?.steps.findLast((step) => step.kind === 'nft-rule' && step.hook === 'postrouting');
    const why = first
      ? nftReason(first, source, destination, out)
      : ending?.kind === 'nft-rule'
        ? `rule ${ending.number} of ${ending.chain} ("${ending.text}") ends the walk before it`
        : 'one of its conditions does not hold for this packet';
    return [
      {
        target: found.nat.type === 'masquerade' ? 'MASQUERADE' : 'SNAT',
        why,
        exempted: first !== undefined && fieldOf(first) === 'daddr' && first.statement.op === '!=',
        rule: found.place,
      },
    ];
  });
}

function isOfOtherFamily({ flow }: Case, left: FailedMatch['statement']['left']): boolean {
  if (left.kind === 'meta') return left.key === 'nfproto' || left.key === 'protocol';
  return left.kind === 'payload' && left.header?.protocol === (flow.family === 4 ? 'ip6' : 'ip');
}

function nftReason(failed: FailedMatch, source: Ip, destination: Ip, out: string): string {
  const field = fieldOf(failed) ?? '';
  const asks = `it asks for "${failed.text}"`;
  if (/^oif/.test(field)) return `${asks}, and the packet leaves by ${out}`;
  if (field === 'saddr') return `${asks}, and the source is ${formatIp(source)}`;
  if (field === 'daddr') return `${asks}, and the destination is ${formatIp(destination)}`;
  return `${asks}, and the packet is another`;
}

/** In front of what is there, or behind it: the packet filter that has NAT rules already gets one for the network behind. */
export function masquerading(
  kase: Case,
  { namespace, inside }: Untranslated,
  subnet: Prefix,
  where: 'front' | 'end',
): Command {
  const chain = nftNatChain(kase, namespace, 'postrouting');
  const ip = kase.flow.family === 4 ? 'ip' : 'ip6';
  const network = formatPrefix(subnet);
  return {
    namespace,
    text: chain
      ? `nft ${where === 'front' ? 'insert' : 'add'} rule ${chain} ${ip} saddr ${network} oifname != ${inside ?? 'br0'} masquerade`
      : `${iptablesOf(kase)} -t nat -${where === 'front' ? 'I' : 'A'} POSTROUTING -s ${network} ! -o ${inside ?? 'br0'} -j MASQUERADE`,
  };
}

/** Docker's rule for a container that asks itself by its published port: not meant for anything else. */
function isSelfMasquerade(rule: Rule): boolean {
  return (
    rule.source !== undefined &&
    rule.destination !== undefined &&
    !rule.source.invert &&
    !rule.destination.invert &&
    rule.source.address === rule.destination.address &&
    rule.source.mask === rule.destination.mask
  );
}

function failedCondition(rule: Rule, source: Ip, out: string, there: Trace | undefined): string {
  if (rule.source && typeof rule.source.address === typeof source) {
    const holds = (applyMask(source, rule.source.mask) === rule.source.address) !== rule.source.invert;
    if (!holds) return `its -s names another network than ${formatIp(source)}`;
  }
  if (rule.out) {
    const same = rule.out.wildcard ? out.startsWith(rule.out.name) : out === rule.out.name;
    if (same === rule.out.invert)
      return `its -o asks for ${rule.out.invert ? 'another interface than ' : ''}${rule.out.name}, and the packet leaves by ${out}`;
  }
  const destination = there && parseIp(there.final.destination);
  if (
    rule.destination &&
    destination !== undefined &&
    !isUnknown(destination) &&
    typeof rule.destination.address === typeof destination
  ) {
    const holds =
      (applyMask(destination, rule.destination.mask) === rule.destination.address) !==
      rule.destination.invert;
    if (!holds) return `its -d does not cover ${formatIp(destination)}`;
  }
  const earlier = there?.hops
    .at(-1)
    ?.steps.findLast((step) => step.kind === 'rule' && step.table === 'nat' && step.hook === 'POSTROUTING');
  if (earlier?.kind === 'rule')
    return `rule ${earlier.number} of ${earlier.chain} ("${earlier.text}") ends the walk before it`;
  return 'one of its conditions does not hold for this packet';
}
