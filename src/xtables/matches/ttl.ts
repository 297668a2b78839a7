/** ttl_mt(), hl_mt6(), net/netfilter/xt_hl.c */
import { lazily } from '../../base/memo.ts';
import type { Family } from '../../net/ip.ts';
import { DECIDED, defineMatch, option, refuse } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { ttlOf, unsaidHeader } from '../packet.ts';
import { number } from '../values/number.ts';

const RELATIONS = ['eq', 'lt', 'gt'] as const;

export interface TtlInfo {
  readonly relation: (typeof RELATIONS)[number];
  readonly invert: boolean;
  readonly value: number;
}

function define(name: 'ttl' | 'hl', family: Family) {
  const value = number(255);
  const key = (relation: (typeof RELATIONS)[number]): string => `${name}-${relation}`;
  return defineMatch({
    name,
    support: DECIDED,
    families: [family],
    options: {
      [key('eq')]: { value, invert: true, excludes: [key('lt'), key('gt')], aliases: [name] },
      [key('lt')]: { value, excludes: [key('eq'), key('gt')] },
      [key('gt')]: { value, excludes: [key('eq'), key('lt')] },
    },
    oneOf: [RELATIONS.map(key)],
    listing: () =>
      listing([
        new RegExp(`${name.toUpperCase()} match ${name.toUpperCase()} (?<how>==|!=|<|>) (?<v>\\d+)`),
        ({ how, v }) => [listedOption(key(how === '<' ? 'lt' : how === '>' ? 'gt' : 'eq'), v, how === '!=')],
      ]),
    build(args) {
      for (const relation of RELATIONS) {
        const arg = args[key(relation)];
        if (arg) return { relation, invert: arg.invert, value: arg.value } satisfies TtlInfo;
      }
      return refuse('a value is missing');
    },
    print: (info: TtlInfo) => [option(key(info.relation), info.invert, info.value)],
    match(info: TtlInfo, { skb }) {
      const unsaid = unsaidHeader(skb);
      if (unsaid) return unsaid;
      const ttl = ttlOf(skb);
      if (info.relation === 'lt') return ttl < info.value;
      return info.relation === 'gt' ? ttl > info.value : (ttl === info.value) !== info.invert;
    },
  });
}

export const ttl = lazily(() => define('ttl', 4));
export const hl = lazily(() => define('hl', 6));
