/** The text of `nft list ruleset`, `list table` and `list chain`, with or without -a, -s and -n. */
import { readRuleset } from '../../nft/text/read.ts';
import { type Format, firstLine } from '../format.ts';

/** Without a family it is ip: a ruleset as somebody wrote it. */
const TABLE = /^\s*table (?:(?:ip|ip6|inet|arp|bridge|netdev) )?\S+ \{/;
/** Where the line that names the table is lost. */
const INNER = /^\s+(?:chain|set|map|flowtable) \S+ \{$/;
const MANAGED = /^\s*# Warning: table \S+ \S+ is managed by iptables-nft/;

export const nft: Format = {
  id: 'nft',
  command: 'nft list ruleset',
  recognise: (text) => firstLine(text, TABLE) ?? firstLine(text, MANAGED) ?? firstLine(text, INNER),
  parse(text) {
    const { ruleset, issues } = readRuleset(text.lines.join('\n'), text.path);
    return { content: { kind: 'nft', ruleset }, issues };
  },
};
