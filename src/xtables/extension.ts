/**
 * How a match or a target is described: its options as a table, and three functions that give them a meaning, a canonical
 * form and an effect. struct xtables_match / xtables_target and xt_option_entry of iptables, in one literal.
 */
import type { Ternary } from '../base/ternary.ts';
import type { Family } from '../net/ip.ts';
import type { MatchContext, RuleVerdict } from './context.ts';
import type { Listing } from './listing.ts';
import type { Hook, TableName } from './rule.ts';

export interface ReadContext {
  readonly family: Family;
}

/** How an option's words become a value, and what to tell somebody whose words did not. */
export interface Value<T> {
  /** `optional`: one, unless an option follows. */
  readonly words: 0 | 1 | 2 | 'optional';
  /** Stands after "expected ". */
  readonly expected: string;
  read(words: readonly string[], context: ReadContext): T | undefined;
}

export interface OptionDefinition<T = unknown> {
  readonly value: Value<T>;
  /** `!` may stand before it. */
  readonly invert?: boolean;
  readonly required?: true;
  /** May be given several times; the argument is then a list. */
  readonly multiple?: true;
  readonly aliases?: readonly string[];
  /** Options it can't be combined with, and one of which it needs. */
  readonly excludes?: readonly string[];
  readonly needs?: readonly string[];
}

export type Options = Readonly<Record<string, OptionDefinition>>;

/** An option as it was given; `position` counts the options of the extension. */
export interface Arg<T> {
  readonly invert: boolean;
  readonly value: T;
  readonly position: number;
}

type ValueOf<D> = D extends { readonly value: Value<infer T> } ? T : never;

export type Args<O> = {
  readonly [K in keyof O]: O[K] extends { readonly multiple: true }
    ? readonly Arg<ValueOf<O[K]>>[]
    : O[K] extends { readonly required: true }
      ? Arg<ValueOf<O[K]>>
      : Arg<ValueOf<O[K]>> | undefined;
};

/** iptables would not take it; the text says why and what would do. */
export interface Refusal {
  readonly refuse: string;
}

export function refuse(text: string): Refusal {
  return { refuse: text };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refuse' in value;
}

/** What a match or target may ask about the rule it stands in. */
export interface RulePlace {
  readonly family: Family;
  readonly table: TableName;
  readonly chain: string;
  /** Only built-in chains have one. */
  readonly hook?: Hook;
  readonly protocol?: { readonly invert: boolean; readonly protocol: number };
  readonly fragment: boolean;
  /** Names of the rule's matches. */
  readonly matches: readonly { readonly name: string; readonly info: unknown }[];
}

/** How far the model goes with an extension; README's table is made of it. */
export interface Support {
  /** From packet, connection and rules alone; or when these commands' outputs are there too; or never, and why. */
  readonly decided: true | { readonly with: string } | { readonly never: string };
  /** Forms of it that stay undecided. */
  readonly except?: string;
  /** What the kernel or iptables at hand lacks to hold the model against it. */
  readonly untried?: string;
}

export const DECIDED: Support = { decided: true };

export function decidedExcept(forms: string): Support {
  return { decided: true, except: forms };
}

export function decidedWith(commands: string): Support {
  return { decided: { with: commands } };
}

export function undecided(why: string, lacking?: string): Support {
  return { decided: { never: why }, ...(lacking === undefined ? {} : { untried: lacking }) };
}

export function untried(lacking: string): Support {
  return { decided: true, untried: lacking };
}

export interface ExtensionBase<Info, O> {
  readonly name: string;
  readonly support: Support;
  /** Other names it can be loaded by. */
  readonly aliases?: readonly string[];
  /** Both when absent. */
  readonly families?: readonly Family[];
  readonly tables?: readonly TableName[];
  /** Hooks the kernel lets it be reached from; all when absent. */
  readonly hooks?: readonly Hook[];
  /** The rule must say `-p` one of these, not inverted. */
  readonly protocols?: readonly number[];
  /** Does a rule with it start connection tracking (its check function calls nf_ct_netns_get())? */
  readonly conntrack?: boolean | ((info: Info) => boolean);
  /** Does a rule with it start defragmentation (nf_defrag_ipv4_enable())? */
  readonly defragments?: true;
  readonly options: O;
  /** One of each list must be given. */
  readonly oneOf?: readonly (readonly string[])[];
  /** How `iptables -L` prints it; made when such a text is read. */
  readonly listing: () => Listing;
  build(args: Args<O>, context: ReadContext): Info | Refusal;
  /** Options in the order and form that iptables-save prints them. */
  print(info: Info, context: ReadContext): readonly string[];
  /** What the rule around it makes impossible; the text to refuse it with. */
  check?(info: Info, place: RulePlace): string | undefined;
}

export interface MatchDefinition<Info = unknown, O = Options> extends ExtensionBase<Info, O> {
  /** What loading a rule does beyond checking it (checkentry): it may lay out the state that rules share by name. */
  load?(info: Info, family: Family, shared: Map<string, unknown>): void;
  match(info: Info, context: MatchContext): Ternary;
  /** What match() says of every packet, where that follows from the options. */
  always?(info: Info): Ternary | undefined;
}

export interface TargetDefinition<Info = unknown, O = Options> extends ExtensionBase<Info, O> {
  apply(info: Info, context: MatchContext): RuleVerdict;
}

/** The lists hold definitions of many info types; each definition only ever gets the info that it built. */
export function defineMatch<const O extends Options, Info>(
  definition: MatchDefinition<Info, O>,
): MatchDefinition {
  return definition as unknown as MatchDefinition;
}

export function defineTarget<const O extends Options, Info>(
  definition: TargetDefinition<Info, O>,
): TargetDefinition {
  return definition as unknown as TargetDefinition;
}

/** Words of a rule that nobody knows the meaning of, kept as they were found. */
export interface Unparsed {
  readonly unparsed: readonly string[];
  readonly why: string;
}

export function isUnparsed(info: unknown): info is Unparsed {
  return typeof info === 'object' && info !== null && 'unparsed' in info;
}

/** `! --name value`, for print(). */
export function option(
  name: string,
  invert: boolean,
  ...values: readonly (string | number | bigint)[]
): string {
  return `${invert ? '! ' : ''}--${name}${values.map((value) => ` ${value}`).join('')}`;
}
