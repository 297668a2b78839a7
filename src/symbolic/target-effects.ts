/** What targets do to a set of packets, by the target's name: the apply() of xtables/targets, done to all at once. */
import type { MarkChange } from '../xtables/context.ts';
import type { Hook } from '../xtables/rule.ts';
import type { ConnmarkInfo } from '../xtables/targets/CONNMARK.ts';
import type { CtInfo } from '../xtables/targets/CT.ts';
import type { DscpInfo } from '../xtables/targets/DSCP.ts';
import type { RejectInfo } from '../xtables/targets/REJECT.ts';
import type { SetInfo } from '../xtables/targets/SET.ts';
import type { TproxyInfo } from '../xtables/targets/TPROXY.ts';
import type { TtlChange } from '../xtables/targets/TTL.ts';
import type { Masked } from '../xtables/values/mark.ts';
import { NONE, type Node } from './bdd.ts';
import { STATES } from './layout.ts';
import { NAT_EFFECTS } from './nat-effects.ts';
import type { PacketState } from './packet-state.ts';
import { hasEntry } from './predicates.ts';
import { add, bitAt, type Vector } from './vector.ts';

export interface TargetUse {
  readonly state: PacketState;
  /** Packets that the rule matched. */
  readonly where: Node;
  /** The target as iptables-save prints it, without `-j`. */
  readonly text: string;
  readonly hook: Hook;
}

/** What comes of the packets: they go on in the chain, or leave the table, or end here. */
export type TargetOutcome =
  | 'continue'
  | 'accept'
  | { readonly end: 'reject' | 'queue' | 'stop'; readonly text: string };

export type TargetEffect = (info: unknown, use: TargetUse) => TargetOutcome;

export function effect<Info>(of: (info: Info, use: TargetUse) => TargetOutcome): TargetEffect {
  return of as TargetEffect;
}

/** What says, counts or remembers something and leaves the packet as it is. */
const SILENT: TargetEffect = () => 'continue';

/** What is done to a packet that no field here shows, by target; with `only`, the last one of the group counts. */
export const NOTED = {
  SET: { group: 'set', only: false },
  TPROXY: { group: 'tproxy', only: true },
  CT: { group: 'ct', only: true },
  CLASSIFY: { group: 'class', only: true },
  TCPMSS: { group: 'mss', only: true },
  TCPOPTSTRIP: { group: 'tcp options', only: false },
  TEE: { group: 'copy', only: false },
  ECN: { group: 'ecn', only: true },
  SECMARK: { group: 'security mark', only: true },
  CONNSECMARK: { group: 'security mark', only: true },
  CLUSTERIP: { group: 'cluster', only: true },
} as const satisfies Readonly<Record<string, { readonly group: string; readonly only: boolean }>>;

function note(name: keyof typeof NOTED, { state, where, text }: TargetUse, noted = where): void {
  state.note(NOTED[name].group, text, noted, NOTED[name].only);
}

function noted(name: keyof typeof NOTED): TargetEffect {
  return (_, use) => {
    note(name, use);
    return 'continue';
  };
}

/** Of a target that isn't here nobody knows whether the packet goes on behind it. */
export const TARGET_EFFECTS: Readonly<Record<string, TargetEffect>> = {
  ...NAT_EFFECTS,
  LOG: SILENT,
  NFLOG: SILENT,
  ULOG: SILENT,
  TRACE: SILENT,
  AUDIT: SILENT,
  LED: SILENT,
  IDLETIMER: SILENT,
  RATEEST: SILENT,
  CHECKSUM: SILENT,
  MARK: effect<MarkChange>(({ value, mask }, { state, where }) => {
    state.change('mark', where, value, mask);
    return 'continue';
  }),
  CONNMARK: effect(connmark),
  TOS: effect<Masked>(({ value, mask }, { state, where }) => {
    state.change('tos', where, value, mask);
    return 'continue';
  }),
  DSCP: effect<DscpInfo>(({ dscp }, { state, where }) => {
    state.change('tos', where, dscp << 2, 0xfc);
    return 'continue';
  }),
  TTL: effect(ttl),
  HL: effect(ttl),
  HMARK: effect((_, { state, where, text }) => {
    state.assign('mark', where, state.space.opaqueBits(text, text, 32));
    return 'continue';
  }),
  CT: effect(ct),
  NOTRACK: effect((_, use) => notrack(use)),
  REJECT: effect<RejectInfo>((info) => ({ end: 'reject', text: info.with })),
  NFQUEUE: effect((_, { text }) => ({ end: 'queue', text })),
  SYNPROXY: effect((_, { text }) => ({ end: 'stop', text })),
  TPROXY: effect<TproxyInfo>((info, use) => {
    use.state.change('mark', use.where, info.mark.value, info.mark.mask);
    note('TPROXY', use);
    return 'accept';
  }),
  SET: effect<SetInfo>((info, use) => {
    const { state, where, text } = use;
    note('SET', use);
    if (info.mapMark) state.assign('mark', where, state.space.opaqueBits(text, text, 32));
    return 'continue';
  }),
  CLASSIFY: noted('CLASSIFY'),
  TCPMSS: noted('TCPMSS'),
  TCPOPTSTRIP: noted('TCPOPTSTRIP'),
  TEE: noted('TEE'),
  ECN: noted('ECN'),
  SECMARK: noted('SECMARK'),
  CONNSECMARK: noted('CONNSECMARK'),
  CLUSTERIP: noted('CLUSTERIP'),
};

/** connmark_tg(); nothing happens to a packet without a connection. */
function connmark(info: ConnmarkInfo, { state, where }: TargetUse): TargetOutcome {
  const { bdd } = state.space;
  const tracked = bdd.and(where, state.now(hasEntry(state.space)));
  const ctmark = state.field('connmark');
  const mark = state.field('mark');
  if (info.kind === 'set') {
    state.change('connmark', tracked, info.change.value, info.change.mask);
    if (info.shift) state.assign('connmark', tracked, shifted(state.field('connmark'), info.shift));
    return 'continue';
  }
  const save = info.kind === 'save';
  const from = masked(save ? mark : ctmark, save ? info.nfmask : info.ctmask);
  const bits = shifted(from, info.shift);
  const kept = masked(save ? ctmark : mark, ~(save ? info.ctmask : info.nfmask) >>> 0);
  state.assign(
    save ? 'connmark' : 'mark',
    tracked,
    kept.map((bit, i) => bdd.xor(bit, bits[i] as Node)),
  );
  return 'continue';
}

function masked(bits: Vector, mask: number): Node[] {
  return bits.map((bit, i) => (bitAt(mask, bits.length - 1 - i) ? bit : NONE));
}

function shifted(
  bits: Vector,
  shift: { readonly direction: 'left' | 'right'; readonly bits: number } | undefined,
): Vector {
  if (!shift) return bits;
  const by = shift.direction === 'left' ? shift.bits : -shift.bits;
  return bits.map((_, i) => bits[i + by] ?? NONE);
}

/** The sum stays within 0..255. */
function ttl({ action, value }: TtlChange, { state, where }: TargetUse): TargetOutcome {
  const { bdd } = state.space;
  const now = state.field('ttl');
  if (action === 'set') state.set('ttl', where, value);
  else if (action === 'inc') {
    const { sum, overflow } = add(bdd, now, value);
    state.assign(
      'ttl',
      where,
      sum.map((bit) => bdd.or(bit, overflow)),
    );
  } else {
    const { sum, overflow } = add(bdd, now, 256 - value);
    state.assign(
      'ttl',
      where,
      sum.map((bit) => bdd.and(bit, overflow)),
    );
  }
  return 'continue';
}

/** xt_ct_target(): once conntrack has seen the packet, nothing. With a template it counts as new until then. */
function ct(info: CtInfo, use: TargetUse): TargetOutcome {
  if (info.notrack) return notrack(use);
  const { state, where } = use;
  const fresh = state.space.bdd.and(where, unseen(state));
  state.set('state', fresh, STATES.indexOf('NEW'));
  note('CT', use, fresh);
  return 'continue';
}

function notrack({ state, where }: TargetUse): TargetOutcome {
  state.set('state', state.space.bdd.and(where, unseen(state)), STATES.indexOf('UNTRACKED'));
  return 'continue';
}

function unseen(state: PacketState): Node {
  return state.now(state.space.equals('state', STATES.indexOf('INVALID')));
}
