/** ct_sip_get_sdp_header(), net/netfilter/nf_conntrack_sip.c: lines of the session description (RFC 8866) inside a SIP message. */
import type { Family, Ip } from '../../../net/ip.ts';
import { addressAt, type Piece } from './sip-message.ts';

export type SdpLine = 'version' | 'owner' | 'connection' | 'media';

const LETTER: Readonly<Record<SdpLine, string>> = {
  version: 'v=',
  owner: 'o=',
  connection: 'c=',
  media: 'm=',
};

/**
 * Value of the next such line, an address for owner and connection; `until` ends the search. `unreadable`: there is one, whose value
 * isn't understood.
 */
export function sdpLine(
  text: string,
  from: number,
  line: SdpLine,
  family: Family,
  until?: SdpLine,
): Piece | 'unreadable' | undefined {
  for (let at = from; at < text.length; at++) {
    if (text[at] !== '\r' && text[at] !== '\n') continue;
    at++;
    if (text[at - 1] === '\r' && text[at] === '\n') at++;
    if (at >= text.length) return undefined;
    const letter = text.slice(at, at + 2).toLowerCase();
    if (until !== undefined && letter === LETTER[until]) return undefined;
    if (letter !== LETTER[line]) continue;
    return lineValue(text, at + 2, line, family) ?? 'unreadable';
  }
  return undefined;
}

function lineValue(text: string, at: number, line: SdpLine, family: Family): Piece | undefined {
  const rest = /^[^\r\n]*/.exec(text.slice(at))?.[0] ?? '';
  if (line === 'version' || line === 'media') {
    const pattern = line === 'version' ? /^\d+/ : /^[a-z]* \d*/i;
    const found = pattern.exec(rest)?.[0];
    return found ? { from: at, to: at + found.length } : undefined;
  }
  const network = `IN IP${family} `;
  const start = rest.indexOf(network);
  return start < 0 ? undefined : addressAt(text, at + start + network.length, family, false);
}

/** ct_sip_parse_sdp_addr(): the connection's address, of the session or of a medium. */
export function sdpAddress(
  text: string,
  from: number,
  family: Family,
): (Piece & { address: Ip }) | undefined {
  const found = sdpLine(text, from, 'connection', family, 'media');
  return found && found !== 'unreadable' ? addressAt(text, found.from, family, false) : undefined;
}
