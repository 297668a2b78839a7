/** multiport_mt(), net/netfilter/xt_multiport.c */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option, type RulePlace, refuse, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { u16, withUpper } from '../packet.ts';
import type { Range } from '../values/number.ts';
import { inRange, readPort } from '../values/port.ts';

/** XT_MULTI_PORTS: a range takes two of them. */
const SLOTS = 15;

type Which = 'sports' | 'dports' | 'ports';

export interface MultiportInfo {
  readonly which: Which;
  readonly invert: boolean;
  readonly ports: readonly PortOrRange[];
}

export interface PortOrRange extends Range {
  readonly isRange: boolean;
}

const ports: Value<readonly PortOrRange[]> = {
  words: 1,
  expected: `up to ${SLOTS} ports or ranges low:high, separated by commas (a range counts twice)`,
  read([text = '']) {
    const list: PortOrRange[] = [];
    for (const word of text.split(',')) {
      const [low = '', high, more] = word.split(':');
      const min = readPort(low);
      const max = high === undefined ? min : readPort(high);
      if (min === undefined || max === undefined || (high !== undefined && min >= max) || more !== undefined)
        return undefined;
      list.push({ min, max, isRange: high !== undefined });
    }
    return list.reduce((slots, { isRange }) => slots + (isRange ? 2 : 1), 0) <= SLOTS ? list : undefined;
  },
};

const others = (which: Which): Which[] =>
  (['sports', 'dports', 'ports'] as const).filter((each) => each !== which);

export const multiport = lazily(() =>
  defineMatch({
    name: 'multiport',
    support: DECIDED,
    protocols: [6, 17, 136, 132, 33],
    options: {
      sports: { value: ports, invert: true, aliases: ['source-ports'], excludes: others('sports') },
      dports: { value: ports, invert: true, aliases: ['destination-ports'], excludes: others('dports') },
      ports: { value: ports, invert: true, excludes: others('ports') },
    },
    oneOf: [['sports', 'dports', 'ports']],
    listing: () =>
      listing([
        /multiport (?<which>sports|dports|ports) (?<n>! ?)?(?<v>\S+)/,
        ({ which = '', n, v }) => [listedOption(which, v, n !== undefined)],
      ]),
    build(args) {
      for (const which of ['sports', 'dports', 'ports'] as const) {
        const arg = args[which];
        if (arg) return { which, invert: arg.invert, ports: arg.value } satisfies MultiportInfo;
      }
      return refuse('ports are missing');
    },
    print: (info: MultiportInfo) => [
      option(
        info.which,
        info.invert,
        info.ports.map(({ min, max, isRange }) => (isRange ? `${min}:${max}` : min)).join(','),
      ),
    ],
    check: (_: MultiportInfo, place: RulePlace) =>
      place.fragment ? 'later fragments (-f) have no ports' : undefined,
    match: (info: MultiportInfo, ctx) =>
      withUpper(ctx, 4, (at) => {
        const source = u16(ctx.skb.bytes, at);
        const destination = u16(ctx.skb.bytes, at + 2);
        const hit = info.ports.some(
          (each) =>
            (info.which !== 'dports' && inRange(source, each)) ||
            (info.which !== 'sports' && inRange(destination, each)),
        );
        return hit !== info.invert;
      }),
  }),
);
