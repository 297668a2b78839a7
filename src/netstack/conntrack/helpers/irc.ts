/** help(), net/netfilter/nf_conntrack_irc.c, and help(), nf_nat_irc.c: DCC offers of a client. */
import { ACCEPT, type Helper, isEstablished, tcpData, textOf } from '../helper.ts';
import { followMaster, manglePacket } from '../mangle.ts';

const MAX_SEARCH = 4095;
const MAX_CHANNELS = 8;
const COMMANDS = ['SEND ', 'CHAT ', 'MOVE ', 'TSEND ', 'SCHAT '];
const MIN_MATCH = 5;

/** Address and port as decimal numbers, and where they stand in the text. */
interface Offer {
  readonly address: number;
  readonly port: number;
  readonly from: number;
  readonly to: number;
}

export const irc: Helper = {
  protocols: [6],
  help(context) {
    const { skb, connection, conntrack, tracked } = context;
    if (tracked.direction === 'reply' || !isEstablished(context)) return ACCEPT;
    const data = tcpData(skb);
    if (!data) return ACCEPT;
    const text = textOf(skb, data.start, Math.min(data.end, data.start + MAX_SEARCH));
    const { original, reply } = connection;
    for (const offer of offersIn(text)) {
      const known = original.source === offer.address || reply.destination === offer.address;
      if (!known || offer.port === 0) continue;
      const translated = connection.srcNat || connection.dstNat;
      const expectation = {
        master: connection,
        protocol: 6,
        destination: reply.destination,
        destinationPort: offer.port,
        class: 0,
        timeout: 300,
        ...(translated
          ? { savedPort: offer.port, direction: 'reply' as const, arrived: followMaster(context) }
          : {}),
      };
      const done = conntrack.expectations.add(expectation, MAX_CHANNELS, skb.time);
      if (done === 'full' || (done === 'busy' && !translated))
        return { drop: 'nf_ct_irc: cannot add expectation' };
      if (!translated) return ACCEPT;
      manglePacket(
        context,
        data.start + offer.from,
        data.start + offer.to,
        `${reply.destination} ${offer.port}`,
      );
      return done === 'busy'
        ? { assumption: 'the port of a DCC offer is taken; the kernel draws another at random' }
        : ACCEPT;
    }
    return ACCEPT;
  },
};

/** What follows the first " :" of a PRIVMSG, if it is a DCC command. */
function offersIn(text: string): Offer[] {
  let at = 0;
  while (at < text.length - 10 && /[ \r\n]/.test(text[at] ?? '')) at++;
  if (at < text.length - 10) {
    if (text.slice(at, at + 8).toUpperCase() !== 'PRIVMSG ') return [];
    at += 8;
  }
  while (at < text.length - (21 + MIN_MATCH) && text.slice(at, at + 2) !== ' :') at++;
  if (at >= text.length - (21 + MIN_MATCH)) return [];
  at += 2;
  if (text.slice(at, at + 5) !== '\u0001DCC ') return [];
  at += 5;
  const command = COMMANDS.find((each) => text.startsWith(each, at));
  const offer = command === undefined ? undefined : parseOffer(text, at + command.length);
  return offer ? [offer] : [];
}

/** parse_dcc(): `file ADDRESS PORT`, with a newline behind it. */
function parseOffer(text: string, at: number): Offer | undefined {
  const space = text.indexOf(' ', at);
  if (space < 0 || space > text.length - 12) return undefined;
  const from = space + 1;
  if (text.indexOf('\n', from) < 0) return undefined;
  const [, address = '', port = ''] = /^(\d*) *(\d*)/.exec(text.slice(from)) ?? [];
  const numbers = /^\d* *\d*/.exec(text.slice(from))?.[0] ?? '';
  return { address: Number(address) >>> 0, port: Number(port) & 0xffff, from, to: from + numbers.length };
}
