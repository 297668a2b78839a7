/**
 * The kernel's own path of a packet, as a trace shows it, beside the model's: the model is given the traced packets of a flow in
 * their order, and its steps are held against theirs.
 */

import { formatIp } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Hop, Step, Trace } from '../netstack/hop.ts';
import { createWorld, type World } from '../netstack/world.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { BUILTIN_CHAINS, type Hook, type Rule, TABLES, type TableName } from '../xtables/rule.ts';
import type { Flow, FlowDirection } from './flow.ts';
import { bridgePort } from './packet-origin.ts';
import type { Predictor } from './predict.ts';
import { type TiedStep, tieSteps } from './trace-rules.ts';
import { beginsIn, protocolOf, skbOf, type TracedFlowPacket } from './traced-flow.ts';
import type { TracedPacket } from './traced-packet.ts';

/** `ended`: the trace stops where the packet had more chains to pass, so something between them took it. */
export type KernelOutcome = 'dropped' | 'rejected' | 'left' | 'delivered' | 'ended' | 'unknown';

/** The first step that is not the same; either side may have none. */
export interface Parting {
  readonly kernel?: TiedStep;
  readonly model?: Step;
  readonly text: string;
}

export interface KernelPath extends TracedFlowPacket {
  readonly steps: readonly TiedStep[];
  readonly outcome: KernelOutcome;
  /** `unknown`: there is no dump of the rules, or the connection began before what is known. */
  readonly model: 'agrees' | 'parts' | 'unknown';
  readonly parting?: Parting;
  /** The model's own steps in that namespace. */
  readonly modelSteps: readonly Step[];
}

export function kernelPaths(
  predictor: Predictor,
  flow: Flow,
  traced: readonly TracedFlowPacket[],
): KernelPath[] {
  if (traced.length === 0) return [];
  let current: { readonly namespace: string; readonly tied: readonly TiedStep[] } | undefined;
  const world = createWorld(predictor.snapshot, predictor.topology, {
    // What the host answered is in the trace as well.
    respond: false,
    evidence: {
      // What the model can't decide, the kernel has.
      rule: ({ namespace, rule }) =>
        current?.namespace === namespace
          ? decided(current.tied, rule, predictor.snapshot.namespaces.get(namespace))
          : undefined,
      ports: ({ namespace, skb }) => drawnPorts(traced, namespace, skb),
    },
  });
  const waiting: Waiting[] = [];
  return traced.map((each) => {
    const { packet } = each;
    const netns = predictor.snapshot.namespaces.get(packet.namespace);
    const tied = tieSteps(netns, packet);
    current = { namespace: packet.namespace, tied };
    const leg = take(waiting, packet) ?? run(world, predictor, flow, each, waiting);
    const modelSteps = (leg?.steps ?? []).filter((step) => step.kind === 'rule' || step.kind === 'policy');
    const outcome = outcomeOf(netns, packet, tied);
    const compared = compare(packet, tied, leg?.steps ?? [], outcome);
    const known =
      leg !== undefined &&
      dumped(netns, packet) &&
      (!compared || (isBegun(flow) && isTied(compared) && isReliable(each, flow, compared)));
    return {
      ...each,
      steps: tied,
      outcome,
      model: known ? (compared ? 'parts' : 'agrees') : 'unknown',
      ...(compared && known && { parting: compared }),
      modelSteps,
    };
  });
}

/** A traced packet beside steps that the model took with one like it. */
export function pathBeside(
  netns: Netns | undefined,
  packet: TracedPacket,
  steps: readonly Step[],
  direction: FlowDirection,
): KernelPath {
  const tied = tieSteps(netns, packet);
  const outcome = outcomeOf(netns, packet, tied);
  const compared = compare(packet, tied, steps, outcome);
  const known = dumped(netns, packet);
  return {
    packet,
    flow: -1,
    direction,
    captured: [],
    steps: tied,
    outcome,
    model: known ? (compared ? 'parts' : 'agrees') : 'unknown',
    ...(compared && known && { parting: compared }),
    modelSteps: steps.filter((step) => step.kind === 'rule' || step.kind === 'policy'),
  };
}

/** The port (ICMP id) that source NAT drew, as the answers are addressed to it. */
function drawnPorts(traced: readonly TracedFlowPacket[], namespace: string, skb: Skb): number[] {
  const sent = fieldsOf(skb);
  const answer = traced.find(({ packet }) => {
    const [before, after] = [packet.header, packet.variants.at(-1)];
    return (
      packet.namespace === namespace &&
      after !== undefined &&
      after !== before &&
      after.source === sent.destination &&
      after.sourcePort === sent.destinationPort &&
      after.destination === sent.source &&
      after.destinationPort === sent.sourcePort
    );
  });
  const port = answer?.packet.header.destinationPort;
  return port === undefined ? [] : [port];
}

/** Matches that ask for what a trace doesn't show of a packet. */
const UNSHOWN = new Set(
  'string u32 bpf tcpmss osf sctp dccp ah esp frag rt hbh dst mh ipv6header srh ecn ipcomp'.split(' '),
);
/** Matches that ask what other packets went before. */
const STATEFUL = new Set('limit hashlimit recent statistic quota connlimit connbytes'.split(' '));

/** What the connection tracker knew before the first traced packet is certain: nothing. */
function isBegun(flow: Flow): boolean {
  return flow.begun || flow.protocol !== PROTOCOL.tcp;
}

/** A rule that the dump lacks is tied to none; that it took the packet, where the model has it go on, is certain all the same. */
function isTied({ kernel }: Parting): boolean {
  if (!kernel?.problem) return true;
  return kernel.absent === true && (kernel.verdict === 'DROP' || kernel.verdict === 'REJECT');
}

/**
 * A trace without sequence numbers makes later TCP packets guesses, and what it lacks of a packet (options, payload) may be
 * what a rule asks for: no difference is made of that.
 */
function isReliable(
  { packet, captured, direction }: TracedFlowPacket,
  flow: Flow,
  { kernel, model }: Parting,
): boolean {
  const { header } = packet;
  // Which rule it was is a guess then; that it dropped the packet is none.
  if (kernel?.guessed && kernel.verdict !== 'DROP' && kernel.verdict !== 'REJECT') return false;
  const texts = [kernel?.text ?? '', model?.kind === 'rule' ? model.text : ''];
  const asked = texts.flatMap((text) => [...text.matchAll(/-m (\S+)/g)].map(([, name = '']) => name));
  if (asked.some((name) => STATEFUL.has(name))) return false;
  const exact = flow.legs.some((leg) =>
    captured.some((seen) => seen === leg[direction].kept[0] && leg[direction].skb),
  );
  if (exact) return true;
  const protocol = protocolOf(packet, header);
  const opening = direction === 'forward' && ((header.tcpFlags ?? 0) & 0x17) === 2;
  const sequence = header.tcpSequence !== undefined || captured.length > 0;
  if (protocol === PROTOCOL.tcp && !opening && !sequence) return false;
  if (header.protocol === undefined && direction === 'reply') return false;
  return !asked.some((name) => UNSHOWN.has(name)) && !texts.some((text) => text.includes('--tcp-option'));
}

/** Did the rule match? Known where the trace shows its chain. */
export function decided(
  tied: readonly TiedStep[],
  rule: Rule,
  netns: Netns | undefined,
): boolean | undefined {
  if (tied.some((step) => step.rule === rule)) return true;
  for (const ruleset of [...(netns?.rulesets4 ?? []), ...(netns?.rulesets6 ?? [])]) {
    for (const table of ruleset.tables.values()) {
      for (const chain of table.chains.values()) {
        if (!chain.rules.includes(rule)) continue;
        return tied.some((step) => step.table === table.name && step.chain === chain.name)
          ? false
          : undefined;
      }
    }
  }
  return undefined;
}

function dumped(netns: Netns | undefined, { family }: TracedPacket): boolean {
  return (family === 4 ? netns?.rulesets4 : netns?.rulesets6) !== undefined && netns?.links !== undefined;
}

/** A way through a namespace that the model has gone and no trace has been held against yet. */
interface Waiting {
  readonly namespace: string;
  readonly in?: string;
  readonly source: string;
  readonly destination: string;
  readonly tcpFlags?: number;
  readonly steps: readonly Step[];
}

function take(waiting: Waiting[], { namespace, header }: TracedPacket): Waiting | undefined {
  const source = formatIp(header.source);
  const destination = formatIp(header.destination);
  const at = waiting.findIndex(
    (leg) =>
      leg.namespace === namespace &&
      leg.in === header.in &&
      leg.source === source &&
      leg.destination === destination &&
      (leg.tcpFlags === undefined ||
        header.tcpFlags === undefined ||
        (leg.tcpFlags & 0x3f) === (header.tcpFlags & 0x3f)),
  );
  return at < 0 ? undefined : waiting.splice(at, 1)[0];
}

function run(
  world: World,
  predictor: Predictor,
  flow: Flow,
  traced: TracedFlowPacket,
  waiting: Waiting[],
): Waiting | undefined {
  const { packet } = traced;
  const [seen] = traced.captured;
  const skb =
    capturedSkb(flow, traced) ??
    skbOf(packet, packet.header, {
      protocol: flow.protocol,
      tcpSequence: seen?.sequence,
      tcpAcknowledgement: seen?.acknowledgement,
      icmpType: seen?.icmpType,
      icmpCode: seen?.icmpCode,
      icmpId: seen?.icmpType === undefined ? undefined : seen.sourcePort,
      icmpSequence: seen?.icmpSequence,
    });
  if (!skb) return undefined;
  const { namespace, header } = packet;
  if (header.uid !== undefined) skb.owner = { uid: header.uid };
  const local = beginsIn(packet) === 'local';
  const trace = local
    ? world.sendLocal(namespace, { ...skb, local: true })
    : world.receive({ namespace, name: portOf(predictor, packet) }, skb);
  const [first, ...others] = legsOf(trace, world, skb);
  waiting.push(...others);
  return first;
}

/** The packet itself, where it was captured as the flow's first at that very place: a trace lacks payload and options. */
function capturedSkb(flow: Flow, { packet, direction, captured }: TracedFlowPacket): Skb | undefined {
  const { header } = packet;
  for (const leg of flow.legs) {
    const first = leg[direction].kept[0];
    const { skb } = leg[direction];
    if (!skb || !first || !captured.includes(first)) continue;
    if (
      first.source === header.source &&
      first.destination === header.destination &&
      first.ttl === header.ttl
    ) {
      return { ...skb, bytes: skb.bytes.slice() };
    }
  }
  return undefined;
}

/** The bridge's port, which xtables-monitor and nft don't tell. */
function portOf({ topology }: Predictor, { namespace, header }: TracedPacket): string {
  const name = header.physin ?? header.in ?? '';
  const link = { namespace, name };
  const { source, destination, etherSource } = header;
  return bridgePort(topology, { link, source, destination, etherSource })?.name ?? name;
}

function legsOf(trace: Trace, world: World, sent?: Skb): Waiting[] {
  const own = trace.hops.flatMap((hop, index) => (hop.copy ? [] : [legOf(trace, hop, index, world, sent)]));
  return [...own, ...trace.answers.flatMap((answer) => legsOf(answer, world))];
}

function legOf(trace: Trace, hop: Hop, index: number, world: World, sent: Skb | undefined): Waiting {
  const tap = trace.taps.find((each) => each.hop === index && each.direction === 'in');
  const header = tap?.header ?? trace.taps[0]?.header ?? trace.final;
  const first = index === 0 && sent ? fieldsOf(sent) : undefined;
  const last = world.packetOf(trace);
  const tcpFlags = first?.tcpFlags ?? (last && fieldsOf(last).tcpFlags);
  return {
    namespace: hop.namespace,
    ...(hop.in === undefined ? {} : { in: hop.in }),
    source: first ? formatIp(first.source) : header.source,
    destination: first ? formatIp(first.destination) : header.destination,
    ...(tcpFlags === undefined ? {} : { tcpFlags }),
    steps: hop.steps,
  };
}

/** The first difference; undefined when there is none. */
function compare(
  packet: TracedPacket,
  tied: readonly TiedStep[],
  modelled: readonly Step[],
  outcome: KernelOutcome,
): Parting | undefined {
  const kernel = tied.filter((step) => step.kind !== 'return' && isIptables(step));
  const model = modelled.filter((step) => step.kind === 'rule' || step.kind === 'policy');
  const [first] = kernel;
  if (!first) return undefined;
  // The trace begins where the rule with TRACE stands.
  let at = model.findIndex((step) => isSame(first, step));
  if (at < 0) return parting(first, model[0], modelled);
  for (const step of kernel) {
    let own = model[at];
    // The rule itself is traced only by nft, or when the packet is traced already.
    while (own?.kind === 'rule' && own.target === 'TRACE' && !isSame(step, own)) own = model[++at];
    if (!own || !isSame(step, own)) return parting(step, own, modelled);
    at++;
  }
  const next = model.slice(at).find((step) => !(step.kind === 'rule' && step.target === 'TRACE'));
  const last = kernel.at(-1);
  if (!next || packet.interrupted || packet.steps.length === 0 || outcome === 'unknown') return undefined;
  const place = last ? `${last.table} ${last.chain}` : '';
  return {
    ...(last && { kernel: last }),
    model: next,
    text:
      outcome === 'dropped' || outcome === 'rejected'
        ? `the kernel ${outcome === 'dropped' ? 'drops' : 'rejects'} it in ${place}, and the model goes on to ${stepName(next)}`
        : `the kernel's trace ends behind ${place}, and the model goes on to ${stepName(next)}`,
  };
}

function parting(kernel: TiedStep, model: Step | undefined, all: readonly Step[]): Parting {
  const name = tiedName(kernel);
  if (model) return { kernel, model, text: `the kernel goes by ${name}, the model by ${stepName(model)}` };
  const end = all.findLast((step) => step.kind === 'drop');
  return {
    kernel,
    ...(end && { model: end }),
    text: `the kernel goes on to ${name}; the model ends before it${end?.kind === 'drop' ? `: ${end.text}` : ''}`,
  };
}

function isIptables({ table }: TiedStep): boolean {
  return TABLES.some((name) => name === table);
}

function isSame(kernel: TiedStep, model: Step): boolean {
  if (model.kind !== 'rule' && model.kind !== 'policy') return false;
  if (kernel.kind !== model.kind || kernel.table !== model.table || kernel.chain !== model.chain)
    return false;
  if (kernel.hook !== undefined && kernel.hook !== model.hook) return false;
  if (model.kind === 'policy') return kernel.verdict === undefined || kernel.verdict === model.verdict;
  // nft's words of a rule may be tied to none or to the wrong one: then what it does has to be the same.
  if (kernel.number === model.number) return true;
  if (kernel.number !== undefined && !kernel.guessed) return false;
  return (
    kernel.verdict === model.target ||
    (kernel.verdict === 'CONTINUE' && !/^(?:ACCEPT|DROP|REJECT|RETURN)$/.test(model.target))
  );
}

export function tiedName({ kind, table, chain, number, verdict }: TiedStep): string {
  if (kind === 'policy')
    return `the policy of ${table} ${chain}${verdict === undefined ? '' : ` (${verdict})`}`;
  return number === undefined ? `a rule of ${table} ${chain}` : `${table} ${chain} rule ${number}`;
}

export function stepName(step: Step): string {
  switch (step.kind) {
    case 'rule':
      return `${step.table} ${step.chain} rule ${step.number}`;
    case 'policy':
      return `the policy of ${step.table} ${step.chain} (${step.verdict})`;
    case 'drop':
      return step.text;
    default:
      return step.kind;
  }
}

function outcomeOf(netns: Netns | undefined, packet: TracedPacket, tied: readonly TiedStep[]): KernelOutcome {
  const last = tied.at(-1);
  if (!last || packet.steps.length === 0) return 'unknown';
  const { verdict, text = '' } = last;
  if (verdict === 'REJECT' || (verdict === 'DROP' && /\breject\b/.test(text))) return 'rejected';
  if (verdict === 'DROP') return 'dropped';
  if (verdict === 'QUEUE' || verdict === 'NFQUEUE' || packet.interrupted || last.hook === undefined)
    return 'unknown';
  const beyond = laterChains(netns, packet, last);
  switch (last.hook) {
    case 'POSTROUTING':
      return 'left';
    case 'INPUT':
      return beyond ? 'ended' : 'delivered';
    case 'FORWARD':
    case 'OUTPUT':
      return beyond ? 'ended' : 'left';
    case 'PREROUTING':
      return beyond ? 'ended' : 'unknown';
  }
}

const AFTER: Readonly<Record<Hook, readonly Hook[]>> = {
  PREROUTING: ['INPUT', 'FORWARD'],
  INPUT: [],
  FORWARD: ['POSTROUTING'],
  OUTPUT: ['POSTROUTING'],
  POSTROUTING: [],
};

/** Chains that the packet would have passed next, had it gone on; nat's are passed by first packets only. */
function laterChains(netns: Netns | undefined, { family, form }: TracedPacket, last: TiedStep): boolean {
  const rulesets = (family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const own = rulesets.filter(({ backend }) => backend === (form === 'kernel-log' ? 'legacy' : 'nft'));
  const hook = last.hook as Hook;
  const later = AFTER[hook];
  return (own.length > 0 ? own : rulesets).some((ruleset) =>
    TABLES.some((name) => {
      if (name === 'nat') return false;
      const table = ruleset.tables.get(name);
      const has = (each: Hook) => BUILTIN_CHAINS[name].includes(each) && table?.chains.has(each) === true;
      // After PREROUTING it is INPUT or FORWARD: only where both would show it does it matter that none did.
      if (hook === 'PREROUTING') return later.every(has);
      const behind = TABLES.indexOf(name) > TABLES.indexOf(last.table as TableName);
      return later.some(has) || (behind && last.table !== 'nat' && has(hook));
    }),
  );
}
