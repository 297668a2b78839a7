/** ipv6header_mt6(), net/ipv6/netfilter/ip6t_ipv6header.c: which headers a packet has. */
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { defineMatch, option, type Value } from '../extension.ts';
import { cut, extensionHeaders } from '../packet.ts';
import { flag } from '../values/number.ts';

/** Names as printed, in that order, with the words that mean them. */
const HEADERS = [
  { name: 'hop-by-hop', words: ['hop', 'hop-by-hop', '0'], protocol: 0 },
  { name: 'ipv6-opts', words: ['dst', 'ipv6-opts', '60'], protocol: 60 },
  { name: 'ipv6-route', words: ['route', 'ipv6-route', '43'], protocol: 43 },
  { name: 'ipv6-frag', words: ['frag', 'ipv6-frag', '44'], protocol: 44 },
  { name: 'ah', words: ['auth', 'ah', '51'], protocol: 51 },
  { name: 'esp', words: ['esp', '50'], protocol: 50 },
  { name: 'ipv6-nonxt', words: ['none', 'ipv6-nonxt', '59'], protocol: 59 },
  { name: 'protocol', words: ['prot', 'protocol', '255'], protocol: -1 },
] as const;

type Name = (typeof HEADERS)[number]['name'];

interface HeaderInfo {
  readonly invert: boolean;
  readonly headers: readonly Name[];
  readonly soft: boolean;
}

const headerList: Value<readonly Name[]> = {
  words: 1,
  expected: `one or more of ${HEADERS.map((each) => each.words[0]).join(', ')}, separated by commas`,
  read([text = '']) {
    const given = text.split(',').map((word) => HEADERS.find((each) => each.words.some((w) => w === word)));
    if (given.includes(undefined)) return undefined;
    return HEADERS.filter((each) => given.includes(each)).map((each) => each.name);
  },
};

export const ipv6header = defineMatch({
  name: 'ipv6header',
  families: [6],
  options: { header: { value: headerList, invert: true, required: true }, soft: { value: flag } },
  build: ({ header, soft }): HeaderInfo => ({
    invert: header.invert,
    headers: header.value,
    soft: soft !== undefined,
  }),
  print: (info) => [option('header', info.invert, info.headers.join(',')), ...(info.soft ? ['--soft'] : [])],
  match: matchHeaders,
});

/** `--soft`: at least these; otherwise exactly these, the upper layer counting as `prot`. */
function matchHeaders(info: HeaderInfo, ctx: MatchContext): Ternary {
  const chain = extensionHeaders(ctx.skb);
  if (chain.fault) return ctx.skb.bytes.length < ctx.skb.length ? cut(ctx.skb) : info.invert;
  const esp = chain.protocol === 50;
  const present = HEADERS.filter(({ protocol }) => {
    if (protocol === -1) return chain.protocol !== 59 && !esp;
    return chain.protocol === protocol || chain.headers.some((each) => each.protocol === protocol);
  }).map((each) => each.name);
  const holds = info.soft
    ? info.headers.every((name) => present.includes(name))
    : info.headers.join() === present.join();
  return holds !== info.invert;
}
