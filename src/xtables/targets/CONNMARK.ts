/** connmark_tg(), net/netfilter/xt_connmark.c */
import { lazily } from '../../base/memo.ts';
import type { MarkChange } from '../context.ts';
import { DECIDED, defineTarget, type OptionDefinition, refuse } from '../extension.ts';
import { listing } from '../listing.ts';
import { ALL } from '../values/mark.ts';
import { flag, hex, number } from '../values/number.ts';
import { changeMark, formatChange, LISTED_CHANGES, MARK_OPTIONS, markChange } from './MARK.ts';

interface Shift {
  readonly direction: 'left' | 'right';
  readonly bits: number;
}

export type ConnmarkInfo =
  | { readonly kind: 'set'; readonly change: MarkChange; readonly shift?: Shift }
  | {
      readonly kind: 'save' | 'restore';
      readonly nfmask: number;
      readonly ctmask: number;
      readonly shift?: Shift;
    };

const mask = { value: number(ALL) } as const satisfies OptionDefinition;
const OPERATIONS = [
  'set-xmark',
  'set-mark',
  'and-mark',
  'or-mark',
  'xor-mark',
  'save-mark',
  'restore-mark',
] as const;

export const CONNMARK = lazily(() =>
  defineTarget({
    name: 'CONNMARK',
    support: DECIDED,
    conntrack: true,
    options: {
      ...MARK_OPTIONS,
      'save-mark': { value: flag },
      'restore-mark': { value: flag },
      'left-shift-mark': { value: number(31), excludes: ['right-shift-mark'] },
      'right-shift-mark': { value: number(31), excludes: ['left-shift-mark'] },
      mask: { ...mask, excludes: ['nfmask', 'ctmask'] },
      nfmask: { ...mask, needs: ['save-mark', 'restore-mark'] },
      ctmask: { ...mask, needs: ['save-mark', 'restore-mark'] },
    },
    oneOf: [OPERATIONS],
    listing: () =>
      listing(/CONNMARK/, [
        ...LISTED_CHANGES,
        [/save/, 'save-mark'],
        [/restore/, 'restore-mark'],
        [/mask (?<v>\S+)/, 'mask'],
        [/nfmask ~?(?<v>\S+)/, 'nfmask'],
        [/ctmask ~?(?<v>\S+)/, 'ctmask'],
        [/left-shift-mark (?<v>\d+)/, 'left-shift-mark'],
        [/right-shift-mark (?<v>\d+)/, 'right-shift-mark'],
      ]),
    build(args) {
      if (OPERATIONS.filter((name) => args[name]).length > 1)
        return refuse(`only one of ${OPERATIONS.map((each) => `--${each}`).join(', ')}`);
      const [left, right] = [args['left-shift-mark'], args['right-shift-mark']];
      const bits = left ?? right;
      const shift: { shift?: Shift } = bits
        ? { shift: { direction: left ? 'left' : 'right', bits: bits.value } }
        : {};
      const change = markChange(args);
      if (change) {
        const limited = args.mask ? { value: change.value, mask: args.mask.value } : change;
        return { kind: 'set', change: limited, ...shift } satisfies ConnmarkInfo;
      }
      const common = args.mask?.value ?? ALL;
      const info: ConnmarkInfo = {
        kind: args['save-mark'] ? 'save' : 'restore',
        nfmask: args.nfmask?.value ?? common,
        ctmask: args.ctmask?.value ?? common,
        ...shift,
      };
      return info;
    },
    print: (info: ConnmarkInfo) => [
      info.kind === 'set'
        ? formatChange(info.change)
        : `--${info.kind}-mark --nfmask ${hex(info.nfmask)} --ctmask ${hex(info.ctmask)}`,
      ...(info.shift ? [`--${info.shift.direction}-shift-mark ${info.shift.bits}`] : []),
    ],
    apply(info: ConnmarkInfo, { skb }) {
      const entry = skb.conntrack?.entry;
      if (!entry) return { kind: 'continue' };
      if (info.kind === 'set') entry.mark = shifted(changeMark(entry.mark, info.change), info.shift);
      else if (info.kind === 'save') {
        const bits = shifted((skb.mark & info.nfmask) >>> 0, info.shift);
        entry.mark = ((entry.mark & ~info.ctmask) ^ bits) >>> 0;
      } else {
        const bits = shifted((entry.mark & info.ctmask) >>> 0, info.shift);
        skb.mark = ((skb.mark & ~info.nfmask) ^ bits) >>> 0;
      }
      return { kind: 'continue' };
    },
  }),
);

function shifted(value: number, shift: Shift | undefined): number {
  if (!shift) return value;
  return shift.direction === 'left' ? (value << shift.bits) >>> 0 : value >>> shift.bits;
}
