/** ttl_tg(), hl_tg6(), net/netfilter/xt_HL.c */
import { lazily } from '../../base/memo.ts';
import type { Family } from '../../net/ip.ts';
import { setTtl } from '../../skb/rewrite.ts';
import { DECIDED, defineTarget, refuse } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { ttlOf } from '../packet.ts';
import { number } from '../values/number.ts';

const ACTIONS = ['set', 'dec', 'inc'] as const;

export interface TtlChange {
  readonly action: (typeof ACTIONS)[number];
  readonly value: number;
}

function define(name: string, prefix: 'ttl' | 'hl', family: Family) {
  const key = (action: TtlChange['action']): string => `${prefix}-${action}`;
  const others = (action: TtlChange['action']): string[] =>
    ACTIONS.filter((each) => each !== action).map(key);
  return defineTarget({
    name,
    support: DECIDED,
    families: [family],
    tables: ['mangle'],
    options: {
      [key('set')]: { value: number(255), excludes: others('set') },
      [key('dec')]: { value: number(255, 1), excludes: others('dec') },
      [key('inc')]: { value: number(255, 1), excludes: others('inc') },
    },
    oneOf: [ACTIONS.map(key)],
    listing: () =>
      listing([
        new RegExp(`${name} (?<how>set to|increment by|decrement by) (?<v>\\d+)`),
        ({ how = '', v }) => [
          listedOption(key(how === 'set to' ? 'set' : how.startsWith('inc') ? 'inc' : 'dec'), v),
        ],
      ]),
    build(args) {
      for (const action of ACTIONS) {
        const arg = args[key(action)];
        if (arg) return { action, value: arg.value } satisfies TtlChange;
      }
      return refuse('an action is missing');
    },
    print: (info: TtlChange) => [`--${key(info.action)} ${info.value}`],
    apply({ action, value }: TtlChange, { skb }) {
      const ttl = ttlOf(skb);
      const wanted = action === 'set' ? value : action === 'inc' ? ttl + value : ttl - value;
      setTtl(skb, Math.min(255, Math.max(0, wanted)));
      return { kind: 'continue' };
    },
  });
}

export const TTL = lazily(() => define('TTL', 'ttl', 4));
export const HL = lazily(() => define('HL', 'hl', 6));
