/** xt_ct_target_v1(), net/netfilter/xt_CT.c: what conntrack shall do with the packet, said before it looks (raw table). */
import { lazily } from '../../base/memo.ts';
import type { CtTemplate } from '../context.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listedBare, listedOption, listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { flag, readNumber } from '../values/number.ts';
import { name, setOf } from '../values/text.ts';

const EVENTS = [
  'new',
  'related',
  'destroy',
  'reply',
  'assured',
  'protoinfo',
  'helper',
  'mark',
  'natseqinfo',
  'secmark',
] as const;
const MAX_ZONE = 65535;

export interface CtInfo {
  readonly notrack: boolean;
  readonly helper?: string;
  readonly timeout?: string;
  readonly events?: readonly (typeof EVENTS)[number][];
  readonly expectEvents?: readonly (typeof EVENTS)[number][];
  readonly zone?: NonNullable<CtTemplate['zone']>;
}

const zone: Value<number | 'mark'> = {
  words: 1,
  expected: `a zone 0..${MAX_ZONE}, or mark`,
  read: ([text = '']) => (text === 'mark' ? 'mark' : readNumber(text, MAX_ZONE)),
};

const ZONES = [
  { name: 'zone', direction: 'both' },
  { name: 'zone-orig', direction: 'original' },
  { name: 'zone-reply', direction: 'reply' },
] as const;

export const CT = lazily(() =>
  defineTarget({
    name: 'CT',
    support: DECIDED,
    tables: ['raw'],
    conntrack: (info: CtInfo) => !info.notrack,
    options: {
      notrack: { value: flag },
      helper: { value: name(15, "a helper's name, such as ftp") },
      timeout: { value: name(31, "a timeout policy's name") },
      ctevents: { value: setOf(EVENTS) },
      expevents: { value: setOf(EVENTS) },
      zone: { value: zone },
      'zone-orig': { value: zone },
      'zone-reply': { value: zone },
    },
    listing: () =>
      listing(
        [/(?<v>CT|NOTRACK)/, ({ v }) => (v === 'NOTRACK' ? [listedOption('notrack')] : [])],
        [
          [/notrack/, 'notrack'],
          [/helper (?<v>\S+)/, 'helper'],
          [/timeout (?<v>\S+)/, 'timeout'],
          [/ctevents (?<v>\S+)/, 'ctevents'],
          [/expevents (?<v>\S+)/, 'expevents'],
          [/zone (?<v>\S+)/, 'zone'],
          [/zone-orig (?<v>\S+)/, 'zone-orig'],
          [/zone-reply (?<v>\S+)/, 'zone-reply'],
        ],
      ),
    build(args): CtInfo {
      const given = ZONES.filter((each) => args[each.name]);
      // Both directions given with one number each end up as the last number for both.
      const chosen = given
        .map((each) => ({ ...each, arg: args[each.name] }))
        .sort((a, b) => (a.arg?.position ?? 0) - (b.arg?.position ?? 0));
      const last = chosen.at(-1);
      return {
        notrack: args.notrack !== undefined,
        ...(args.helper ? { helper: args.helper.value } : {}),
        ...(args.timeout ? { timeout: args.timeout.value } : {}),
        ...(args.ctevents ? { events: args.ctevents.value } : {}),
        ...(args.expevents ? { expectEvents: args.expevents.value } : {}),
        ...(last?.arg
          ? { zone: { direction: given.length > 1 ? 'both' : last.direction, id: last.arg.value } }
          : {}),
      };
    },
    print: (info) => [
      ...(info.notrack ? ['--notrack'] : []),
      ...(info.helper === undefined ? [] : [`--helper ${bare(info.helper)}`]),
      ...(info.timeout === undefined ? [] : [`--timeout ${bare(info.timeout)}`]),
      ...(info.events ? [`--ctevents ${info.events.join(',')}`] : []),
      ...(info.expectEvents ? [`--expevents ${info.expectEvents.join(',')}`] : []),
      ...(info.zone && info.zone.id !== 0
        ? [`--${ZONES.find((each) => each.direction === info.zone?.direction)?.name} ${info.zone.id}`]
        : []),
    ],
    check: (info: CtInfo, { protocol }) =>
      info.helper !== undefined && !(protocol && !protocol.invert)
        ? '--helper needs -p tcp or another protocol'
        : undefined,
    apply(info) {
      if (info.notrack) return { kind: 'notrack' };
      return {
        kind: 'ct',
        template: {
          ...(info.helper === undefined ? {} : { helper: info.helper }),
          ...(info.timeout === undefined ? {} : { timeout: info.timeout }),
          ...(info.zone ? { zone: info.zone } : {}),
        },
      };
    },
  }),
);

/** The same as CT --notrack. */
export const NOTRACK = lazily(() =>
  defineTarget({
    name: 'NOTRACK',
    support: DECIDED,
    tables: ['raw'],
    options: {},
    listing: () => listedBare([[/NOTRACK|CT notrack/, () => []]]),
    build: () => ({}),
    print: () => [],
    apply: () => ({ kind: 'notrack' }),
  }),
);
