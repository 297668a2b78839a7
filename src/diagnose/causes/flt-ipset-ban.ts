import { familyOf, formatIp, parseIp } from '../../net/ip.ts';
import { constantOf } from '../../nft/elements.ts';
import type { Netns } from '../../snapshot/snapshot.ts';
import { type Case, type ModelDrop, modelDrop, netnsOf } from '../case.ts';
import type { Cause, Command } from '../cause.ts';
import { ruleCause, ruleText } from '../rule-cause.ts';

const page = ruleCause({
  id: 'flt-ipset-ban',
  title: 'An address set bans this client',
  page: () => ({
    symptom: 'One client only is blocked, all others work.',
    mechanism: 'A rule matches the client’s address in an ipset (fail2ban, crowdsec and the like fill them).',
    check: 'ipset list; iptables-save -c',
    proof:
      'Packets of this source come in and go no further, others’ pass; the set holds the address and the rule counts.',
    refutation: 'The address is not in the set, or its packets are seen behind the rule.',
    settledBy: ['ipset list', 'iptables-save -c'],
    repair: 'Take the address out of the set, and have the ban tool ignore it.',
    references: ['net/netfilter/xt_set.c: set_match_v4()', 'ipset(8)', 'iptables-extensions(8): set'],
  }),
  verb: 'of a banned address is dropped by',
  advice: 'Take the address out of the set, and add it to the ban tool’s ignore list.',
});

/** Where the set has the address by itself, taking it out is the repair, and nobody else is let in. */
export const fltIpsetBan: Cause = {
  ...page,
  find(kase) {
    const found = page.find?.(kase);
    const drop = found && modelDrop(kase);
    const fix = drop && takenOut(kase, drop);
    return found && fix ? { ...found, fix: [fix] } : found;
  },
};

function takenOut(kase: Case, drop: ModelDrop): Command | undefined {
  const { namespace } = drop;
  const netns = netnsOf(kase, namespace);
  const ip = parseIp(drop.trace.final.source);
  if (!netns || ip === undefined) return undefined;
  const text = ruleText(drop);
  const name = /--match-set (\S+) src(?:\s|$)/.exec(text)?.[1];
  if (name !== undefined) {
    const set = netns.ipsets?.find((each) => each.name === name);
    const full = familyOf(ip) === 4 ? 32 : 128;
    const held = set?.entries?.some(({ parts: [part, ...rest], nomatch }) => {
      const alone = part?.kind === 'address' && part.address === ip && part.length === full;
      return alone && rest.length === 0 && !nomatch;
    });
    return held ? { namespace, text: `ipset del ${name} ${formatIp(ip)}` } : undefined;
  }
  return takenOutOfNft(netns, drop, ip);
}

function takenOutOfNft(netns: Netns, drop: ModelDrop, ip: number | bigint): Command | undefined {
  const { rule, final } = drop.trace;
  if (rule?.kind !== 'nft-rule') return undefined;
  const word = familyOf(ip) === 4 ? 'ip' : 'ip6';
  const name = new RegExp(`\\b${word} saddr @(\\S+)`).exec(rule.text)?.[1];
  const table = netns.nft?.tables.find((each) => each.family === rule.family && each.name === rule.table);
  const held = table?.sets
    .find((set) => set.name === name)
    ?.elements.some(({ key }) => constantOf(key) === BigInt(ip));
  if (!held) return undefined;
  return {
    namespace: netns.name,
    text: `nft delete element ${rule.family} ${rule.table} ${name} { ${final.source} }`,
  };
}
