/**
 * The plain conditions of IPv4 rules as numbers, sixteen words a rule in one array: a rule that a packet fails is one line of the
 * processor's cache. What isn't said in words is asked of the rule as ever.
 */
import { PROTOCOL } from '../../net/protocol.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { AddressMatch, MatchUse, Rule } from '../../xtables/rule.ts';
import type { Masked } from '../../xtables/values/mark.ts';
import type { PortTest, PortTests } from '../../xtables/values/ports.ts';
import type { PacketKey } from './packet-key.ts';
import { ASKED, isWithin } from './question.ts';
import { stateBits } from './state-bits.ts';

export const WORDS = 16;

/** Places of the words. */
const FLAGS = 0;
const SOURCE = 1;
const SOURCE_MASK = 2;
const DESTINATION = 3;
const DESTINATION_MASK = 4;
const PROTOCOL_NUMBER = 5;
/** First and last, 16 bits each. */
const SOURCE_PORTS = 6;
const DESTINATION_PORTS = 7;
const MARK = 8;
const MARK_MASK = 9;
/** Mask and what is compared, 8 bits each. */
const TCP_FLAGS = 10;
const STATES = 11;
/** What the rule does: one of `ACTION`. */
export const ACTION_WORD = 12;
/** Of a jump, the number of the chain it leads to; of a mapping, which of the table's it is; of a change of the mark, what turns. */
export const OPERAND = 13;
/** Of a change of the mark: which bits go before the operand's are turned. */
export const OPERAND_MASK = 14;

/** `ask`: the target is asked what it does with the packet. */
export const ACTION = {
  ask: 0,
  continue: 1,
  accept: 2,
  return: 3,
  jump: 4,
  goto: 5,
  nat: 6,
  mark: 7,
} as const;

/** Bits of the first word. A condition's inversion is the bit above its own. */
export const READY = 1;
/** Interfaces are compared by name, with the rule itself. */
export const NAMES = 2;
/** There are matches that aren't said in words. */
export const MORE = 4;
/** Nothing is said in words. */
export const UNSAID = 8;
/** A match does more than look. */
export const CHANGES = 16;
const HAS_SOURCE = 1 << 8;
const HAS_DESTINATION = 1 << 10;
const HAS_PROTOCOL = 1 << 12;
const HAS_SOURCE_PORTS = 1 << 14;
const HAS_DESTINATION_PORTS = 1 << 16;
const HAS_MARK = 1 << 18;
const HAS_TCP_FLAGS = 1 << 20;
const HAS_STATES = 1 << 22;

/** Does the packet meet every condition that is said in words? */
export function wordsHold(words: Int32Array, at: number, key: PacketKey): boolean {
  const flags = words[at + FLAGS] as number;
  if (flags & HAS_DESTINATION) {
    const same =
      ((key.destination as number) & word(words, at + DESTINATION_MASK)) === words[at + DESTINATION];
    if (same === ((flags & (HAS_DESTINATION << 1)) !== 0)) return false;
  }
  if (flags & HAS_SOURCE) {
    const same = ((key.source as number) & word(words, at + SOURCE_MASK)) === words[at + SOURCE];
    if (same === ((flags & (HAS_SOURCE << 1)) !== 0)) return false;
  }
  if (flags & HAS_PROTOCOL) {
    const same = key.protocol === words[at + PROTOCOL_NUMBER];
    if (same === ((flags & (HAS_PROTOCOL << 1)) !== 0)) return false;
  }
  if (flags & HAS_DESTINATION_PORTS) {
    const within = isWithin(key.destinationPort, word(words, at + DESTINATION_PORTS));
    if (within === ((flags & (HAS_DESTINATION_PORTS << 1)) !== 0)) return false;
  }
  if (flags & HAS_SOURCE_PORTS) {
    const within = isWithin(key.sourcePort, word(words, at + SOURCE_PORTS));
    if (within === ((flags & (HAS_SOURCE_PORTS << 1)) !== 0)) return false;
  }
  if (flags & HAS_MARK) {
    const same = (key.mark & word(words, at + MARK_MASK)) === words[at + MARK];
    if (same === ((flags & (HAS_MARK << 1)) !== 0)) return false;
  }
  if (flags & HAS_STATES) {
    const one = (key.states & word(words, at + STATES)) !== 0;
    if (one === ((flags & (HAS_STATES << 1)) !== 0)) return false;
  }
  if (flags & HAS_TCP_FLAGS) {
    const wanted = word(words, at + TCP_FLAGS);
    const same = (key.tcpFlags & (wanted >>> 8)) === (wanted & 255);
    if (same === ((flags & (HAS_TCP_FLAGS << 1)) !== 0)) return false;
  }
  return true;
}

function word(words: Int32Array, at: number): number {
  return words[at] as number;
}

/** Asks what wordsHold() asks, in its order, up to the first condition that isn't met. `asks` gives the answers. */
export function askWords(words: Int32Array, at: number, asks: Asks): boolean {
  const flags = words[at + FLAGS] as number;
  const fails = (bit: number, kind: number, mask: number, value: number): boolean =>
    (flags & bit) !== 0 && asks.ask(kind, mask, value) === ((flags & (bit << 1)) !== 0);
  const ofMask = (bit: number, kind: number, place: number): boolean =>
    fails(bit, kind, word(words, at + place + 1), word(words, at + place));
  const ofPorts = (bit: number, single: number, several: number, place: number): boolean => {
    const range = word(words, at + place);
    const first = range >>> 16;
    return first === (range & 0xffff) ? fails(bit, single, 0xffff, first) : fails(bit, several, 0, range);
  };
  const wanted = word(words, at + TCP_FLAGS);
  return !(
    ofMask(HAS_DESTINATION, ASKED.destination, DESTINATION) ||
    ofMask(HAS_SOURCE, ASKED.source, SOURCE) ||
    fails(HAS_PROTOCOL, ASKED.protocol, 0xff, word(words, at + PROTOCOL_NUMBER)) ||
    ofPorts(HAS_DESTINATION_PORTS, ASKED.destinationPort, ASKED.destinationPorts, DESTINATION_PORTS) ||
    ofPorts(HAS_SOURCE_PORTS, ASKED.sourcePort, ASKED.sourcePorts, SOURCE_PORTS) ||
    ofMask(HAS_MARK, ASKED.mark, MARK) ||
    fails(HAS_STATES, ASKED.states, word(words, at + STATES), 0) ||
    fails(HAS_TCP_FLAGS, ASKED.tcpFlags, wanted >>> 8, wanted & 255)
  );
}

export interface Asks {
  /** A question of question.ts. */
  ask(kind: number, mask: number, value: number): boolean;
}

/** Writes the rule's conditions; gives the matches that are left to be asked, in order. */
export function writeWords(words: Int32Array, at: number, rule: Rule, family: 4 | 6): readonly MatchUse[] {
  let flags = READY;
  const add = (bit: number, invert: boolean): void => {
    flags |= bit | (invert ? bit << 1 : 0);
  };
  const { matches } = rule;
  if (matches.some(({ name }) => CHANGING.has(name))) flags |= CHANGES;
  if (family === 6 || rule.fragment) {
    words[at] = flags | UNSAID;
    return matches;
  }
  const address = (bit: number, place: number, match: AddressMatch | undefined): void => {
    if (!match) return;
    add(bit, match.invert);
    words[at + place] = Number(match.address) | 0;
    words[at + place + 1] = Number(match.mask) | 0;
  };
  address(HAS_SOURCE, SOURCE, rule.source);
  address(HAS_DESTINATION, DESTINATION, rule.destination);
  if (rule.protocol) {
    add(HAS_PROTOCOL, rule.protocol.invert);
    words[at + PROTOCOL_NUMBER] = rule.protocol.protocol;
  }
  if (rule.in || rule.out) flags |= NAMES;
  /** False: it stays to be asked. */
  const say = ({ name, info }: MatchUse): boolean => {
    if (isUnparsed(info)) return false;
    switch (name) {
      case 'tcp':
      case 'udp':
        return (
          rule.protocol?.invert === false &&
          rule.protocol.protocol === PROTOCOL[name] &&
          sayPorts(info as TcpTests)
        );
      case 'mark': {
        if (flags & HAS_MARK) return false;
        const { invert, value, mask } = info as Masked & { readonly invert: boolean };
        add(HAS_MARK, invert);
        words[at + MARK] = value | 0;
        words[at + MARK_MASK] = mask | 0;
        return true;
      }
      case 'conntrack':
      case 'state': {
        const states = statesAlone(info as StateTests);
        if (!states || flags & HAS_STATES) return false;
        add(HAS_STATES, states.invert);
        words[at + STATES] = stateBits(states.value);
        return true;
      }
      default:
        return false;
    }
  };
  const sayPorts = ({ source, destination, flags: tcp, option }: TcpTests): boolean => {
    // nft compares two inverted ports as one number; a missing option's bytes drop the packet.
    if (option || (source?.invert && destination?.invert) || flags & SAID_TRANSPORT) return false;
    const ports = (bit: number, place: number, test: PortTest | undefined): void => {
      if (!test) return;
      add(bit, test.invert);
      words[at + place] = (test.min << 16) | test.max;
    };
    ports(HAS_SOURCE_PORTS, SOURCE_PORTS, source);
    ports(HAS_DESTINATION_PORTS, DESTINATION_PORTS, destination);
    if (tcp) {
      add(HAS_TCP_FLAGS, tcp.invert);
      words[at + TCP_FLAGS] = (tcp.mask << 8) | tcp.compare;
    }
    return true;
  };
  const left: MatchUse[] = [];
  // What stands behind a match that remembers, or drops, is asked after it.
  let mayHoist = true;
  for (const match of matches) {
    if (match.name === 'comment' && !isUnparsed(match.info)) continue;
    if (mayHoist && say(match)) continue;
    mayHoist &&= HARMLESS.has(match.name);
    left.push(match);
  }
  if (left.length > 0) flags |= MORE;
  words[at] = flags;
  return left;
}

const SAID_TRANSPORT = HAS_SOURCE_PORTS | HAS_DESTINATION_PORTS | HAS_TCP_FLAGS;

/** Matches that other conditions may be asked before: they remember nothing and drop nothing. */
export const HARMLESS: ReadonlySet<string> = new Set([
  'comment',
  'conntrack',
  'state',
  'mark',
  'connmark',
  'addrtype',
]);

/** They set the packet's mark, or the connection's labels. */
const CHANGING: ReadonlySet<string> = new Set(['socket', 'connlabel']);

interface TcpTests extends PortTests {
  readonly flags?: { readonly invert: boolean; readonly mask: number; readonly compare: number };
  readonly option?: object;
}

interface States {
  readonly invert: boolean;
  readonly value: readonly string[];
}

/** Of `-m state`, and of `-m conntrack`, whose other conditions are left to itself. */
interface StateTests {
  readonly invert?: boolean;
  readonly states?: readonly string[];
  readonly state?: States;
  readonly addresses?: object;
  readonly ports?: object;
}

function statesAlone(info: StateTests): States | undefined {
  if (info.states) return { invert: info.invert === true, value: info.states };
  const { state, addresses = {}, ports = {}, ...rest } = info;
  const alone = [addresses, ports, rest].every((each) => Object.keys(each).length === 0);
  return alone ? state : undefined;
}
