/** The router of recorded scenarios, packet by packet, against the trace and the counters of the kernel that did it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/netstack/hop.ts';
import { createWorld, type World } from '../../src/netstack/world.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { fieldsOf } from '../../src/skb/fields.ts';
import { cloneSkb } from '../../src/skb/from-packet.ts';
import { setDestination, setPorts, setSource } from '../../src/skb/rewrite.ts';
import type { Skb } from '../../src/skb/skb.ts';
import type { Rule, Ruleset } from '../../src/xtables/rule.ts';
import { type CapturedFrame, readFrames } from './support/frames.ts';
import { loadScenario, readCounters, type TracedPacket, type TracedSteps } from './support/kernel-gen.ts';

const ROOT = '../shared/corpus/traces/kernel-gen';
const scenarios = existsSync(ROOT) ? readdirSync(ROOT).toSorted() : [];
const variants = scenarios.flatMap((scenario) =>
  ['nft', 'legacy']
    .filter((variant) => existsSync(join(ROOT, scenario, variant, 'net.json')))
    .map((variant) => [scenario, variant] as const),
);

describe.runIf(variants.length > 0)('recorded kernel traces', () => {
  it.each(variants)('%s (%s)', async (scenario, variant) => {
    const folder = join(ROOT, scenario, variant);
    const recorded = loadScenario(folder);
    const frames: Record<string, CapturedFrame[]> = {
      cpr0: await readFrames(join(folder, 'cpr0.pcap')),
      cpr1: await readFrames(join(folder, 'cpr1.pcap')),
    };
    let current: TracedSteps | undefined;
    const world = createWorld(recorded.snapshot, recorded.topology, {
      respond: true,
      evidence: {
        // What the kernel left to chance is taken from what it did.
        rule: ({ rule }) => current?.steps.includes(stepOf(recorded.ruleset, rule) ?? ''),
        ports: ({ skb }) => drawnPorts(frames, skb),
      },
    });
    const driver = new Driver(world, frames);
    const differences: string[] = [];
    for (const traced of recorded.traced) {
      current = traced;
      const found = driver.next(traced);
      if (found.join('\n') !== traced.steps.join('\n')) {
        differences.push(
          `${JSON.stringify(traced.packet)}\n kernel ${traced.steps.join(' | ')}\n model  ${found.join(' | ')}`,
        );
      }
    }
    expect(differences.slice(0, 3)).toEqual([]);
    expect(comparable(world.counters('r'))).toEqual(comparable(recorded.after));
  });
});

/** The step that a rule is in the trace. */
function stepOf(ruleset: Ruleset, rule: Rule): string | undefined {
  for (const table of ruleset.tables.values()) {
    for (const chain of table.chains.values()) {
      const place = chain.rules.indexOf(rule);
      if (place >= 0) return `${table.name} ${chain.name} ${place + 1}`;
    }
  }
  return undefined;
}

/** The nft backend gives a chain that a single rule brings into being (raw, for TRACE) no policy counter. */
function comparable(save: string): Record<string, string> {
  const counters = [...readCounters(save)];
  return Object.fromEntries(counters.filter(([key]) => !/^raw \w+ policy$/.test(key)));
}

/** Feeds the model what the trace shows next, and tells which steps the model took. */
class Driver {
  private readonly world: World;
  private readonly frames: Record<string, CapturedFrame[]>;
  /** Walks of the model that the trace hasn't come to: answers, and second legs over lo. */
  private readonly pending: {
    packet: { source: string; destination: string; in: string };
    steps: string[];
  }[] = [];

  constructor(world: World, frames: Record<string, CapturedFrame[]>) {
    this.world = world;
    this.frames = frames;
  }

  next({ packet }: TracedSteps): string[] {
    const waiting = this.pending.findIndex(
      (each) => each.packet.in === packet.in && same(each.packet, packet),
    );
    if (waiting >= 0) return this.pending.splice(waiting, 1)[0]?.steps ?? [];
    const trace = packet.local ? this.sendLocal(packet) : this.arrive(packet);
    if (typeof trace === 'string') return [trace];
    const [first = [], ...later] = this.legs(trace);
    this.pending.push(...later.map((steps) => ({ packet: legHeader(trace, 'lo'), steps })));
    this.queue(trace.answers);
    return first;
  }

  private queue(answers: readonly Trace[]): void {
    for (const answer of answers) {
      const [first = [], ...later] = this.legs(answer);
      this.pending.push({ packet: legHeader(answer, ''), steps: first });
      this.pending.push(...later.map((steps) => ({ packet: legHeader(answer, 'lo'), steps })));
      this.queue(answer.answers);
    }
  }

  private arrive(packet: TracedPacket): Trace | string {
    const frames = this.frames[packet.in] ?? [];
    const frame = frames.find((each) => !each.used && isThat(each.skb, packet));
    const fragments = frame ? [] : frames.filter((each) => !each.used && isFragmentOf(each.skb, packet));
    if (fragments.length > 0) return this.arriveCut(packet.in, fragments);
    if (!frame) return `no frame on ${packet.in} for ${JSON.stringify(packet)}`;
    frame.used = true;
    return this.world.receive({ namespace: 'r', name: packet.in }, frame.skb);
  }

  /** Joined by the kernel before the first chain: all but the last to come are kept. */
  private arriveCut(name: string, fragments: readonly CapturedFrame[]): Trace | string {
    let last: Trace | string = 'no fragments';
    for (const fragment of fragments) {
      fragment.used = true;
      last = this.world.receive({ namespace: 'r', name }, fragment.skb);
    }
    return last;
  }

  /** The captured frame is as it left, translated; in OUTPUT it had what the trace says. */
  private sendLocal(packet: TracedPacket): Trace | string {
    const frame = Object.values(this.frames)
      .flat()
      .find((each) => !each.used && leftAs(each.skb, packet));
    if (!frame) return this.world.sendLocal('r', unseen(packet));
    frame.used = true;
    const skb = cloneSkb(frame.skb);
    setSource(skb, packet.source);
    setDestination(skb, packet.destination);
    setPorts(skb, { source: packet.sourcePort, destination: packet.destinationPort });
    return this.world.sendLocal('r', skb);
  }

  private legs(trace: Trace): string[][] {
    return trace.hops.map((hop) =>
      hop.steps.flatMap((step) => {
        if (step.kind === 'policy') return [`${step.table} ${step.chain} policy`];
        if (step.kind !== 'rule' || step.target === 'TRACE') return [];
        return [`${step.table} ${step.chain} ${step.number}`];
      }),
    );
  }
}

/** Source port of the same packet where it left. */
function drawnPorts(frames: Record<string, CapturedFrame[]>, skb: Skb): number[] {
  const { source, destination, destinationPort } = fieldsOf(skb);
  return Object.values(frames)
    .flat()
    .flatMap(({ skb: other }) => {
      const left = fieldsOf(other);
      const same = left.destination === destination && left.destinationPort === destinationPort;
      return same && left.source !== source && idOf(other) === idOf(skb) ? (left.sourcePort ?? []) : [];
    });
}

/** A packet that no capture saw, because it never left. */
function unseen(packet: TracedPacket): Skb {
  const protocol = packet.tcpFlags === undefined ? 17 : 6;
  return buildSkb({
    ...packet,
    protocol,
    payload: Math.max(0, packet.length - (protocol === 6 ? 40 : 28)),
    local: true,
  });
}

function legHeader(trace: Trace, name: string) {
  return { source: trace.final.source, destination: trace.final.destination, in: name };
}

function same(a: { source: string; destination: string }, packet: TracedPacket): boolean {
  return parse(a.source) === packet.source && parse(a.destination) === packet.destination;
}

function parse(text: string): number {
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

function isThat(skb: Skb, packet: TracedPacket): boolean {
  const { source, destination, sourcePort, destinationPort } = fieldsOf(skb);
  return (
    source === packet.source &&
    destination === packet.destination &&
    skb.length === packet.length &&
    (sourcePort ?? packet.sourcePort) === packet.sourcePort &&
    (destinationPort ?? packet.destinationPort) === packet.destinationPort &&
    (packet.id === 0 || idOf(skb) === packet.id)
  );
}

function isFragmentOf(skb: Skb, packet: TracedPacket): boolean {
  const cut = skb.moreFragments || skb.fragmentOffset > 0;
  return cut && fieldsOf(skb).source === packet.source && idOf(skb) === packet.id;
}

function leftAs(skb: Skb, packet: TracedPacket): boolean {
  const { sourcePort, destinationPort } = fieldsOf(skb);
  const samePorts = sourcePort === packet.sourcePort || destinationPort === packet.destinationPort;
  return skb.length === packet.length && idOf(skb) === packet.id && samePorts;
}

function idOf(skb: Skb): number {
  return ((skb.bytes[4] ?? 0) << 8) | (skb.bytes[5] ?? 0);
}
