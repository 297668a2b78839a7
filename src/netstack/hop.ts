/** The path of a packet through the model: contract section 4, plus the points where a capture would see it. */
import type { NftFamily, NftHook } from '../nft/ruleset.ts';
import type { Hook, TableName } from '../xtables/rule.ts';

/** A packet's header as text and numbers. Ports and types are there where the protocol has them. */
export interface Header {
  family: 4 | 6;
  source: string;
  destination: string;
  /** Name where there is one (`tcp`), else the number. */
  protocol: string | number;
  sourcePort?: number;
  destinationPort?: number;
  icmpType?: number;
  icmpCode?: number;
  icmpId?: number;
  ttl: number;
  tos: number;
  mark?: number;
}

/** One step of the kernel on the way of a packet. Rules are steps where they match, policies where a packet falls through to them. */
export type Step =
  | {
      kind: 'rule';
      hook: Hook;
      table: TableName;
      chain: string;
      /** From 1; 0: a trace shows the rule, and no dump has it. */
      number: number;
      target: string;
      text: string;
      line?: number;
      path?: string;
    }
  | {
      kind: 'policy';
      hook: Hook;
      table: TableName;
      chain: string;
      verdict: 'ACCEPT' | 'DROP';
      line?: number;
      path?: string;
    }
  /** A rule of an nft chain of its own that was carried through; one that iptables-save shows is a `rule`. */
  | {
      kind: 'nft-rule';
      hook: NftHook;
      family: NftFamily;
      table: string;
      chain: string;
      /** From 1 within the chain. */
      number: number;
      handle?: number;
      text: string;
      /** As `nft monitor trace` words it: accept, drop, continue, return, `jump CHAIN`, `goto CHAIN`, queue. */
      verdict: string;
      line?: number;
      path?: string;
    }
  | {
      kind: 'nft-policy';
      hook: NftHook;
      family: NftFamily;
      table: string;
      chain: string;
      verdict: 'accept' | 'drop';
      line?: number;
      path?: string;
    }
  | {
      kind: 'conntrack';
      state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
      direction: 'original' | 'reply';
    }
  | { kind: 'nat'; manip: 'src' | 'dst'; from: string; to: string }
  | {
      kind: 'route';
      decision:
        | 'local'
        | 'forward'
        | 'broadcast'
        | 'multicast'
        | 'unreachable'
        | 'prohibit'
        | 'blackhole'
        | 'martian'
        | 'none';
      table?: string;
      route?: string;
      out?: string;
      via?: string;
      source?: string;
      line?: number;
      path?: string;
    }
  | { kind: 'bridge'; action: 'forward' | 'flood' | 'deliver' | 'drop'; bridge: string; port?: string }
  /** A tunnel device wraps the packet in another, which is a hop of its own, or unwraps it. `tunnel`: `vxlan 42`. */
  | {
      kind: 'tunnel';
      action: 'encapsulate' | 'decapsulate';
      device: string;
      tunnel: string;
      text: string;
    }
  /** `device`: it happens in that outgoing device, behind the point where a capture sees the packet. */
  | { kind: 'drop'; cause: string; text: string; reason?: string; device?: string }
  | { kind: 'emit'; packet: Header; text: string }
  /** Something that could not be decided, and what was assumed; `why` names what to collect. */
  | { kind: 'unknown'; text: string; why: string }
  /** A walk was given up: what becomes of the packet from here on is unknown. */
  | { kind: 'given-up'; text: string };

/** A rule or policy that can end a packet's way. */
export type DecidingStep = Extract<Step, { kind: 'rule' | 'policy' | 'nft-rule' | 'nft-policy' }>;

/** A namespace on the way of a packet, with the steps that the kernel takes there, in its order. */
export interface Hop {
  namespace: string;
  in?: string;
  physin?: string;
  out?: string;
  physout?: string;
  nexthop?: string;
  steps: Step[];
  /** Index of the hop it was sent from, when that isn't the one before. */
  from?: number;
  /** A copy off the main line: a flooded frame's other receivers. */
  copy?: boolean;
}

/** How a packet ends in the model. */
export type Verdict = 'forwarded' | 'delivered' | 'bridged' | 'dropped' | 'rejected' | 'consumed' | 'unknown';

/** A place where tcpdump would have seen the packet, with the header it had there. In order of passing. */
export interface Tap {
  readonly namespace: string;
  readonly interface: string;
  readonly direction: 'in' | 'out';
  readonly header: Header;
  /** Index of the hop it belongs to. */
  readonly hop: number;
  /** Seen there only by a capture that puts the interface into promiscuous mode (tcpdump without `-p`). */
  readonly promiscuous?: boolean;
  /** The packet inside, of one that a tunnel made (`vxlan 42`). */
  readonly inner?: { readonly header: Header; readonly tunnel: string };
}

/** What the model says of one packet, from where it was injected until its end. */
export interface Trace {
  readonly hops: Hop[];
  readonly taps: Tap[];
  readonly verdict: Verdict;
  /** With `unknown`: what comes of it when the assumptions hold. */
  readonly likely?: Exclude<Verdict, 'unknown'>;
  /** Catalogue id when dropped or rejected. */
  readonly cause?: string;
  /** The kernel's own drop reason (enum skb_drop_reason), where known. */
  readonly reason?: string;
  readonly final: Header;
  /** Namespace where it ended; for `forwarded`, the one it left by an interface whose other end is unknown. */
  readonly namespace: string;
  /** Sysctl or route that decided a drop: `net.ipv4.ip_forward`. */
  readonly sysctl?: string;
  readonly route?: string;
  /** The rule or policy that decided a drop or rejection. */
  readonly rule?: DecidingStep;
  /** For `delivered`: the socket that takes it; undefined when none listens; unknown when sockets weren't dumped. */
  readonly socket?: {
    readonly state: 'listening' | 'none' | 'wrong-address' | 'kernel' | 'unknown';
    readonly process?: string;
    readonly line?: number;
    readonly path?: string;
  };
  /** Everything that had to be assumed. Empty: the verdict is definite. */
  readonly assumptions: readonly string[];
  /** Packets the kernel made in answer (REJECT, ICMP errors, RST, echo replies with `respond`), each with its own path. */
  readonly answers: readonly Trace[];
}

/** One line of `nettrace replay --format jsonl`. */
export interface ReplayLine {
  packet: { file: string; number: number; time: number };
  hops: Hop[];
  verdict: Verdict;
  cause?: string;
  final: Header;
}
