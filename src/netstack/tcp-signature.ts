/** tcp_parse_auth_options(), net/ipv4/tcp_input.c, as tcp_v4_send_reset() and tcp_v6_send_reset() ask it. */
import { viewOf } from '../base/bytes.ts';
import { TCPOPT, Tcp } from '../header/tcp.ts';
import type { Skb } from '../skb/skb.ts';

/** TCPOLEN_MD5SIG: with fewer bytes left nothing is looked for (kernels without CONFIG_TCP_AO). */
const SIGNATURE = 18;
/** RFC 2385 and RFC 5925. */
const [MD5, AUTHENTICATION] = [19, 29];
const LEAST = 20;

/**
 * Is the segment signed, or are its options no options? Then the kernel has no key to sign a reset with, since no
 * socket is there that has one, and refuses in silence.
 */
export function isRefusedInSilence(skb: Skb): boolean {
  const tcp = new Tcp(viewOf(skb.bytes), skb.transport);
  const end = Math.min(skb.transport + tcp.headerLength, skb.bytes.length);
  for (let at = skb.transport + LEAST; end - at >= SIGNATURE; ) {
    const kind = skb.bytes[at] ?? 0;
    if (kind === TCPOPT.end) return false;
    if (kind === TCPOPT.noop) {
      at++;
      continue;
    }
    const length = skb.bytes[at + 1] ?? 0;
    if (length < 2 || length > end - at || kind === MD5 || kind === AUTHENTICATION) return true;
    at += length;
  }
  return false;
}
