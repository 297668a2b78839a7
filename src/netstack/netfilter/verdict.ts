/** What walks a table is given, and what it says of the packet. */
import type { Skb } from '../../skb/skb.ts';
import type { IcmpAnswer, NamespaceView, NatRange, RuleVerdict } from '../../xtables/context.ts';
import type { Chain, Rule } from '../../xtables/rule.ts';
import type { Step } from '../hop.ts';
import type { BaseChain, Tables } from './tables.ts';

/** What a table says of a packet. */
export type TableVerdict =
  | { readonly kind: 'accept' | 'queue' }
  /** The walk was: what it would have come to is unknown. `text`: why. */
  | { readonly kind: 'given-up'; readonly text: string }
  | { readonly kind: 'drop'; readonly by: Decider; readonly icmp?: IcmpAnswer }
  | { readonly kind: 'reject'; readonly with: string; readonly by: Decider };

/** The rule or policy that decided. */
export interface Decider {
  readonly base: BaseChain;
  readonly chain: Chain;
  /** Absent for a policy. */
  readonly rule?: Rule;
  readonly step: Extract<Step, { kind: 'rule' | 'policy' }>;
}

/** `why` without the rule that it is about. */
export interface Undecided {
  readonly text: string;
  readonly why: string;
  readonly matters: boolean;
}

export interface WalkHooks {
  step(step: Step): void;
  /** A NAT target: sets the connection up. False drops the packet. */
  nat(range: NatRange): boolean;
  /** False: no socket listens there, and the packet is dropped. */
  tproxy(verdict: Extract<RuleVerdict, { kind: 'tproxy' }>, rule: Rule): boolean;
  tee(verdict: Extract<RuleVerdict, { kind: 'tee' }>, rule: Rule): void;
  /** What somebody who saw the packet further on knows about a rule whose outcome is unknown. */
  decide(rule: Rule): boolean | undefined;
  /** Something undecided: `matters` when it may change what becomes of the packet. */
  undecided(of: Undecided): void;
}

export interface Walk {
  readonly tables: Tables;
  readonly base: BaseChain;
  readonly skb: Skb;
  readonly view: NamespaceView;
  readonly hooks: WalkHooks;
}
