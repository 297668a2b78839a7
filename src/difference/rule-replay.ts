/** A sample through the rules of one namespace by the kernel model, hook by hook: what rulesets alone decide. */
import type { IpSet } from '../ipset/record.ts';
import type { Family, Ip } from '../net/ip.ts';
import type { Step } from '../netstack/hop.ts';
import { createNet, type Net } from '../netstack/net.ts';
import type { BaseChain } from '../netstack/netfilter/tables.ts';
import { NetView } from '../netstack/netfilter/view.ts';
import { walkTable } from '../netstack/netfilter/walk.ts';
import { fieldsOf } from '../skb/fields.ts';
import { setDestination, setPorts, setSource, setTtl } from '../skb/rewrite.ts';
import type { Skb } from '../skb/skb.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { ADDRESS_TYPES } from '../symbolic/layout.ts';
import { EXPIRED, HOOKS_OF, type Way } from '../symbolic/path.ts';
import type { Sample } from '../symbolic/sample.ts';
import type { Space } from '../symbolic/space.ts';
import { NOTED } from '../symbolic/target-effects.ts';
import type { AddressType, NatRange } from '../xtables/context.ts';
import { ttlOf } from '../xtables/packet.ts';
import { printTarget } from '../xtables/print.ts';
import type { Hook, Rule, Ruleset, TargetUse } from '../xtables/rule.ts';
import { connectionOf, packetOf } from './sample-packet.ts';

export interface RuleReplay {
  /** What became of the packet: it went on behind all hooks, or was stopped. */
  readonly verdict: 'accepted' | 'dropped' | 'rejected' | 'queued' | 'stopped' | 'unknown';
  /** What a REJECT answers. */
  readonly with?: string;
  /** Rules that matched and policies that it fell through to, in order. */
  readonly steps: readonly ReplayStep[];
  /** As it was at its end. */
  readonly skb: Skb;
  readonly connmark: number;
  /** Targets whose choice of an address is not the rules' to make: their words. */
  readonly chosen: readonly string[];
  /** What was done to it that its header doesn't show. */
  readonly noted: readonly string[];
}

export interface ReplayStep {
  readonly step: Extract<Step, { kind: 'rule' | 'policy' }>;
  readonly ruleset: Ruleset;
  readonly rule?: Rule;
}

/** A namespace that has nothing but rules and sets. */
export function rulesOnly(rulesets: readonly Ruleset[], ipsets: readonly IpSet[] | undefined): Netns {
  const of = (family: 4 | 6): Ruleset[] => rulesets.filter((ruleset) => ruleset.family === family);
  return {
    name: 'host',
    inferred: false,
    rulesets4: of(4),
    rulesets6: of(6),
    ...(ipsets ? { ipsets: [...ipsets] } : {}),
  };
}

export function replayRules(netns: Netns, space: Space, sample: Sample, way: Way): RuleReplay {
  const skb = packetOf(sample, way === 'sent');
  const run = new RuleRun(createNet(netns), space, sample, skb);
  for (const hook of HOOKS_OF[way]) {
    if (hook === 'FORWARD') {
      // ip_forward() comes before its hook.
      if (ttlOf(skb) <= 1) return run.result({ verdict: 'stopped', with: EXPIRED });
      setTtl(skb, ttlOf(skb) - 1);
    }
    place(skb, space, sample, way, hook);
    const stopped = run.hook(hook);
    if (stopped) return run.result(stopped);
  }
  return run.result({ verdict: 'accepted' });
}

type Stopped = Pick<RuleReplay, 'verdict' | 'with'>;

/** Interfaces as netfilter names them: see enterHook() of symbolic/path.ts. */
function place(skb: Skb, space: Space, { values }: Sample, way: Way, hook: Hook): void {
  const name = (field: 'iif' | 'oif' | 'physin' | 'physout'): string | undefined =>
    space.alphabets[field].names[values[field]] || undefined;
  const outgoing = hook === 'FORWARD' || hook === 'OUTPUT' || hook === 'POSTROUTING';
  skb.in = way === 'sent' ? undefined : name('iif');
  skb.out = outgoing ? name('oif') : undefined;
  skb.physin = way === 'sent' ? undefined : name('physin');
  skb.physout = way === 'forwarded' && outgoing ? name('physout') : undefined;
}

class RuleRun {
  private readonly net: Net;
  private readonly space: Space;
  private readonly sample: Sample;
  private readonly skb: Skb;
  private readonly steps: ReplayStep[] = [];
  private readonly chosen: string[] = [];
  private mapped = { source: false, destination: false };

  constructor(net: Net, space: Space, sample: Sample, skb: Skb) {
    this.net = net;
    this.space = space;
    this.sample = sample;
    this.skb = skb;
  }

  result(stopped: Stopped): RuleReplay {
    const { steps, skb, chosen } = this;
    return {
      ...stopped,
      noted: notedIn(steps, skb.family),
      steps,
      skb,
      connmark: skb.conntrack?.entry?.mark ?? this.sample.values.connmark,
      chosen,
    };
  }

  hook(hook: Hook): Stopped | undefined {
    const { skb, net } = this;
    const tables = net.tables[skb.family];
    for (const entry of tables.hooks[hook]) {
      if (entry.kind === 'conntrack') {
        if (skb.conntrack?.state !== 'UNTRACKED') skb.conntrack = connectionOf(this.sample, skb);
      } else if (entry.kind === 'nat') {
        const stopped = this.translate(hook);
        if (stopped) return stopped;
      } else if (entry.kind === 'table') {
        const stopped = this.table(entry.base);
        if (stopped) return stopped;
      }
    }
    return undefined;
  }

  private translate(hook: Hook): Stopped | undefined {
    if (this.skb.conntrack?.state !== 'NEW') return undefined;
    const side = hook === 'PREROUTING' || hook === 'OUTPUT' ? 'destination' : 'source';
    for (const entry of this.net.tables[this.skb.family].nat[hook]) {
      if (this.mapped[side]) break;
      const stopped = entry.kind === 'table' ? this.table(entry.base) : undefined;
      if (stopped) return stopped;
    }
    return undefined;
  }

  private table(base: BaseChain): Stopped | undefined {
    const { skb, net, steps } = this;
    const verdict = walkTable({
      tables: net.tables[skb.family],
      base,
      skb,
      view: new SampleView(net, this.space, this.sample),
      hooks: {
        step: (step) => {
          if (step.kind !== 'rule' && step.kind !== 'policy') return;
          const rule =
            step.kind === 'rule' ? base.table.chains.get(step.chain)?.rules[step.number - 1] : undefined;
          steps.push({ step, ruleset: base.ruleset, ...(rule ? { rule } : {}) });
        },
        nat: (nat) => {
          this.map(nat, base.hook);
          return true;
        },
        tproxy: ({ mark }) => {
          skb.mark = ((skb.mark & ~mark.mask) ^ mark.value) >>> 0;
          return true;
        },
        tee: () => undefined,
        decide: () => undefined,
        undecided: () => undefined,
      },
    });
    switch (verdict.kind) {
      case 'accept':
        return undefined;
      case 'given-up':
        return { verdict: 'unknown' };
      case 'queue':
        return { verdict: 'queued' };
      case 'drop':
        return { verdict: 'dropped' };
      case 'reject':
        return { verdict: 'rejected', with: verdict.with };
    }
  }

  /** What the kernel would choose is what the sample has for it. */
  private map(nat: NatRange, hook: Hook): void {
    const { skb } = this;
    const side = nat.manip === 'src' ? 'source' : 'destination';
    const target = this.steps.at(-1)?.rule?.target;
    const text = target ? wordsOf(target, skb.family) : '';
    const before = fieldsOf(skb);
    const address = this.addressOf(nat, hook, text, side);
    const exact = this.portOf(nat, text, side);
    const free =
      address === undefined || exact.chosen || (nat.address.kind === 'redirect' && hook !== 'OUTPUT');
    const chosen = free || (nat.address.kind === 'range' && nat.address.min !== nat.address.max);
    if (chosen) this.chosen.push(`${side} ${text}`);
    if (address !== undefined) (side === 'source' ? setSource : setDestination)(skb, address);
    if (exact.port !== undefined) setPorts(skb, { [side]: exact.port });
    const after = fieldsOf(skb);
    const changed = chosen || before[side] !== after[side] || before[`${side}Port`] !== after[`${side}Port`];
    const entry = skb.conntrack?.entry;
    if (entry && changed) {
      if (side === 'source') entry.srcNat = true;
      else entry.dstNat = true;
    }
    this.mapped[side] = true;
  }

  private addressOf(nat: NatRange, hook: Hook, text: string, side: 'source' | 'destination'): Ip | undefined {
    const { address } = nat;
    const { source, destination } = fieldsOf(this.skb);
    const old = side === 'source' ? source : destination;
    switch (address.kind) {
      case 'keep':
        return old;
      case 'range':
        if (address.min === address.max) return address.min;
        return this.bitsOf(`${text} ${side}`, typeof old === 'number' ? 32 : 128);
      case 'netmap':
        if (typeof old === 'number') return (Number(address.address) | (old & ~Number(address.mask))) >>> 0;
        return BigInt(address.address) | (old & ~BigInt(address.mask) & ((1n << 128n) - 1n));
      case 'redirect':
        if (hook === 'OUTPUT') return typeof old === 'number' ? 0x7f000001 : 1n;
        return this.bitsOf('address of the interface', typeof old === 'number' ? 32 : 128);
      case 'masquerade':
        return undefined;
    }
  }

  private portOf(
    { ports, random, address }: NatRange,
    text: string,
    side: string,
  ): { port?: number; chosen: boolean } {
    if (address.kind === 'masquerade') return { chosen: false };
    if (random || (ports && (ports.min !== ports.max || ports.base !== undefined)))
      return { port: Number(this.bitsOf(`${text} ${side}Port`, 16)), chosen: true };
    return { ...(ports ? { port: ports.min } : {}), chosen: false };
  }

  private bitsOf(key: string, width: number): Ip {
    let value = 0n;
    for (const node of this.space.opaqueBits(key, key, width))
      value = value * 2n + (this.space.bdd.holds(node, this.sample.bit) ? 1n : 0n);
    return width > 32 ? value : Number(value);
  }
}

function notedIn(steps: readonly ReplayStep[], family: Family): string[] {
  const groups = new Map<string, string[]>();
  let tracked = false;
  for (const { rule } of steps) {
    const { target } = rule ?? {};
    if (target?.kind !== 'extension') continue;
    const isTracking = target.name === 'CT' || target.name === 'NOTRACK';
    // What conntrack has been told about a packet stands.
    if (isTracking && tracked) continue;
    tracked ||= isTracking;
    if (!Object.hasOwn(NOTED, target.name) || (target.info as { readonly notrack?: boolean }).notrack)
      continue;
    const { group, only } = NOTED[target.name as keyof typeof NOTED];
    const text = wordsOf(target, family);
    groups.set(group, only ? [text] : [...new Set([...(groups.get(group) ?? []), text])]);
  }
  return [...groups.values()].flatMap((texts) => texts.toSorted()).toSorted();
}

function wordsOf(target: TargetUse, family: Family): string {
  return printTarget(target, family).join(' ').replace(/^-j /, '');
}

/** Types of addresses are what the sample has them. */
export class SampleView extends NetView {
  private readonly sample: Sample;
  private readonly space: Space;

  constructor(net: Net, space: Space, sample: Sample) {
    super(net, 0, undefined, {});
    this.space = space;
    this.sample = sample;
  }

  override hasAddressType(ip: Ip, types: readonly AddressType[]): boolean {
    const { values } = this.sample;
    const [source, destination] = values.addresses;
    const code =
      ip === destination ? values.destinationType : ip === source ? values.sourceType : this.newType();
    const type = ADDRESS_TYPES[code];
    return type !== undefined && types.includes(type);
  }

  private newType(): number {
    const key = 'type of the new destination';
    return this.space
      .opaqueBits(key, `the ${key}`, 4)
      .reduce((value, node) => value * 2 + (this.space.bdd.holds(node, this.sample.bit) ? 1 : 0), 0);
  }
}
