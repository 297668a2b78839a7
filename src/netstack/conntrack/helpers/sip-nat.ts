/** nf_nat_sip(), nf_nat_sdp_session() and their like, net/netfilter/nf_nat_sip.c: addresses inside a message follow its connection. */
import { formatIp, type Ip } from '../../../net/ip.ts';
import type { Tuple } from '../../../skb/tuple.ts';
import type { HelperContext } from '../helper.ts';
import { manglePacket } from '../mangle.ts';
import { opposite } from '../tcp-window.ts';
import { type SdpLine, sdpLine } from './sdp.ts';
import {
  addressParameter,
  type HeaderName,
  headerAt,
  headerUri,
  numberParameter,
  type Piece,
  requestUri,
  type Uri,
  type Walk,
} from './sip-message.ts';

/** A message inside a packet, which may grow while it is rewritten. */
export interface Message {
  readonly context: HelperContext;
  /** Of the message in the packet. */
  readonly start: number;
  text: string;
  /** The port in the Via of a phone that sends from another one, and listens there (forced_dport). */
  readonly forcedPort: number | undefined;
}

export function rewrite(message: Message, { from, to }: Piece, by: string): void {
  const { context, start, text } = message;
  manglePacket(context, start + from, start + to, by, false);
  message.text = text.slice(0, from) + by + text.slice(to);
}

export function tuplesOf({ context: { connection, tracked } }: Message): { own: Tuple; back: Tuple } {
  return { own: connection[tracked.direction], back: connection[opposite(tracked.direction)] };
}

export function endpointText(address: Ip, port: number): string {
  return typeof address === 'bigint' ? `[${formatIp(address)}]:${port}` : `${formatIp(address)}:${port}`;
}

const bracketed = (address: Ip): string =>
  typeof address === 'bigint' ? `[${formatIp(address)}]` : formatIp(address);

/** map_addr(): an end of the connection as the other side knows it. */
function mapAddress(message: Message, uri: Uri): void {
  const { own, back } = tuplesOf(message);
  const isSource = own.source === uri.address && own.sourcePort === uri.port;
  const isDestination = own.destination === uri.address && own.destinationPort === uri.port;
  if (!isSource && !isDestination) return;
  const address = isSource ? back.destination : back.source;
  const port = isSource ? back.destinationPort : (message.forcedPort ?? back.sourcePort);
  if (address === uri.address && port === uri.port) return;
  rewrite(message, uri, endpointText(address, port));
}

function mapHeader(message: Message, name: HeaderName): void {
  const uri = headerUri(message.text, name, message.context.skb.family);
  if (uri && uri !== 'broken') mapAddress(message, uri);
}

export function translateMessage(message: Message): void {
  const { family, protocol } = message.context.skb;
  const request = !/^SIP\/2\.0/i.test(message.text);
  if (request) {
    const uri = requestUri(message.text, family);
    if (uri) mapAddress(message, uri);
  }
  const via = headerUri(message.text, protocol === 6 ? 'viaTcp' : 'viaUdp', family);
  if (via && via !== 'broken') translateVia(message, via, request);
  const walk: Walk = { at: 0, inHeader: false };
  for (;;) {
    const uri = headerUri(message.text, 'contact', family, walk);
    if (!uri || uri === 'broken') break;
    mapAddress(message, uri);
  }
  mapHeader(message, 'from');
  mapHeader(message, 'to');
}

/** The topmost Via, if it is about this connection, with its parameters. */
function translateVia(message: Message, via: Uri, request: boolean): void {
  const { own, back } = tuplesOf(message);
  const about = request
    ? via.address === own.source && via.port === own.sourcePort
    : via.address === own.destination && via.port === own.destinationPort;
  const { family } = message.context.skb;
  if (!about) return;
  const before = message.text.length;
  mapAddress(message, via);
  const end = via.to + message.text.length - before;
  const maddr = addressParameter(message.text, end, 'maddr=', family, true);
  if (maddr?.address === own.source && maddr.address !== back.destination) {
    rewrite(message, maddr, bracketed(back.destination));
  }
  const received = addressParameter(message.text, end, 'received=', family, false);
  if (received?.address === own.destination && received.address !== back.source) {
    rewrite(message, received, formatIp(back.source));
  }
  const rport = numberParameter(message.text, end, 'rport=');
  if (rport?.value === own.destinationPort && rport.value !== back.sourcePort) {
    rewrite(message, rport, String(back.sourcePort));
  }
}

/** mangle_sdp_packet(); `none`: there is no such line. */
function rewriteLine(message: Message, from: number, line: SdpLine, by: string): 'done' | 'none' {
  const found = sdpLine(message.text, from, line, message.context.skb.family, 'media');
  if (!found || found === 'unreadable') return 'none';
  rewrite(message, found, by);
  return 'done';
}

/** nf_nat_sdp_addr(): the address of one medium. False: the packet is dropped. */
export function translateMedium(message: Message, from: number, address: Ip): boolean {
  return rewriteLine(message, from, 'connection', formatIp(address)) === 'done' && mendLength(message);
}

/** nf_nat_sdp_session(): owner and connection of the whole session. */
export function translateSession(message: Message, from: number, address: Ip): boolean {
  if (rewriteLine(message, from, 'owner', formatIp(address)) === 'none') return false;
  rewriteLine(message, from, 'connection', formatIp(address));
  return mendLength(message);
}

/** nf_nat_sdp_port() */
export function translatePort(message: Message, at: Piece, port: number): boolean {
  rewrite(message, at, String(port));
  return mendLength(message);
}

/** mangle_content_len() */
function mendLength(message: Message): boolean {
  const { family } = message.context.skb;
  const version = sdpLine(message.text, 0, 'version', family);
  if (!version || version === 'unreadable') return false;
  const length = message.text.length - version.from + 2;
  const found = headerAt(message.text, 0, 'length', family);
  if (!found || !('from' in found)) return false;
  rewrite(message, found, String(length));
  return true;
}
