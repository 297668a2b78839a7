/** process_sdp() and set_expected_rtp_rtcp(), net/netfilter/nf_conntrack_sip.c; nf_nat_sdp_media(), nf_nat_sip.c: RTP and RTCP. */
import type { Ip } from '../../../net/ip.ts';
import type { Connection } from '../connection.ts';
import type { Expectation } from '../expectation.ts';
import { ACCEPT, type HelperContext, type HelperOutcome } from '../helper.ts';
import { setupNat } from '../nat.ts';
import { opposite } from '../tcp-window.ts';
import { sdpAddress, sdpLine } from './sdp.ts';
import type { Piece } from './sip-message.ts';
import { type Message, translateMedium, translatePort, translateSession, tuplesOf } from './sip-nat.ts';
import { dropped } from './sip-state.ts';

/** Class, and how many of it a call may expect. */
const MEDIA = [
  { word: 'audio ', class: 1, limit: 4 },
  { word: 'video ', class: 2, limit: 4 },
  { word: 'image ', class: 3, limit: 2 },
] as const;
type Medium = (typeof MEDIA)[number];

export const SIGNALLING = 0;
export const EXPECT_SECONDS = 180;
const UDP = 17;

/** flush_expectations(): what the call's media were expected at. */
export function flushMedia({ context: { conntrack, connection, skb } }: Message): void {
  for (const { expectation } of conntrack.expectations.ofMaster(connection, skb.time)) {
    if (expectation.class !== SIGNALLING) conntrack.expectations.remove(expectation);
  }
}

export function expectMedia(message: Message): HelperOutcome {
  const { context } = message;
  const { family } = context.skb;
  const version = sdpLine(message.text, 0, 'version', family);
  if (!version || version === 'unreadable') return ACCEPT;
  const session = version.from;
  const common = sdpAddress(message.text, session, family)?.address;
  let at = session;
  let address: Ip | undefined;
  for (let found = 0; found < MEDIA.length; ) {
    const line = sdpLine(message.text, at, 'media', family);
    if (!line || line === 'unreadable') break;
    const medium = MEDIA.find(({ word }) => message.text.startsWith(word, line.from));
    if (!medium) {
      at = line.to;
      continue;
    }
    at = line.from + medium.word.length;
    const port = Number(message.text.slice(at, line.to));
    if (port === 0) continue;
    if (port < 1024 || port > 65535) return dropped('wrong port');
    const own = sdpAddress(message.text, at, family)?.address;
    address = own ?? common;
    if (address === undefined) return dropped('cannot parse SDP message');
    const result = expectStream(message, address, port, medium, { from: at, to: line.to });
    if (result.drop !== undefined) return result;
    address = result.address;
    if (own !== undefined && isTranslated(context) && !translateMedium(message, at, address)) {
      return dropped('cannot mangle SDP');
    }
    found++;
  }
  if (isTranslated(context) && address !== undefined && !translateSession(message, session, address)) {
    return dropped('cannot mangle SDP');
  }
  return ACCEPT;
}

function isTranslated({ connection }: HelperContext): boolean {
  return connection.srcNat || connection.dstNat;
}

type Stream =
  | { readonly drop: string; readonly address?: undefined }
  | { readonly drop?: undefined; readonly address: Ip };

/** Gives the address that the stream is asked for at in the end. */
function expectStream(message: Message, asked: Ip, askedPort: number, medium: Medium, at: Piece): Stream {
  const { connection, conntrack, skb } = message.context;
  const { own, back } = tuplesOf(message);
  // sip_direct_media: media go between those who signal.
  if (asked !== own.source) return { address: asked };
  const source = back.source;
  let [address, port, direct, known] = [asked, askedPort, false, false];
  for (;;) {
    const tuple = {
      ...own,
      protocol: UDP,
      source,
      sourcePort: 0,
      destination: address,
      destinationPort: port,
    };
    const other = conntrack.expectations.find(tuple, connection.zone, skb.time);
    if (!other || other.master === connection || other.master.helper !== connection.helper) break;
    if (other.class !== medium.class) break;
    const { savedAddress = other.destination, savedPort = other.destinationPort } = other;
    const moved = savedAddress !== other.destination || savedPort !== other.destinationPort;
    if (!moved || direct || !isTranslated(message.context)) {
      known = true;
      break;
    }
    [address, port, direct] = [savedAddress, savedPort, true];
  }
  const base = port & ~1;
  if (direct && !translatePort(message, at, base)) return dropped('cannot mangle SDP message');
  if (known) return { address };
  const [rtp, rtcp] = [0, 1].map(
    (offset): Expectation => ({
      master: connection,
      protocol: UDP,
      source,
      destination: address,
      destinationPort: base + offset,
      class: medium.class,
      timeout: EXPECT_SECONDS,
    }),
  ) as [Expectation, Expectation];
  if (isTranslated(message.context) && !direct) return translateStream(message, rtp, rtcp, medium, at);
  if (addPair(message.context, rtp, rtcp, medium, true) === 'done') return { address };
  return dropped('cannot add expectation for voice');
}

/** `shared`: what another call or medium expects already is as good. */
function addPair(
  { conntrack, skb }: HelperContext,
  rtp: Expectation,
  rtcp: Expectation,
  { limit }: Medium,
  shared: boolean,
): 'done' | 'busy' | 'failed' {
  const { expectations } = conntrack;
  const outcomes = ['done', ...(shared ? ['already'] : [])];
  const one = expectations.add(rtp, limit, skb.time, true);
  if (!outcomes.includes(one)) return one === 'busy' ? one : 'failed';
  const other = expectations.add(rtcp, limit, skb.time, true);
  if (outcomes.includes(other)) return 'done';
  if (one === 'done') expectations.remove(rtp);
  return other === 'busy' ? other : 'failed';
}

/**
 * nf_nat_sdp_media(): the first pair of ports, from the asked one on, that nobody else is expected at. The very same pair for
 * the same server is none: the message is dropped.
 */
function translateStream(
  message: Message,
  rtp: Expectation,
  rtcp: Expectation,
  medium: Medium,
  at: Piece,
): Stream {
  const { own, back } = tuplesOf(message);
  const address = own.source === back.destination ? rtp.destination : back.destination;
  for (const each of [rtp, rtcp]) {
    each.savedAddress = each.destination;
    each.savedPort = each.destinationPort;
    each.destination = address;
    each.direction = opposite(message.context.tracked.direction);
    each.arrived = (connection, expectation) => arrive(message.context, connection, expectation);
  }
  const first = rtp.destinationPort;
  for (let port = first; port <= 65535; port += 2) {
    rtp.destinationPort = port;
    rtcp.destinationPort = port + 1;
    const done = addPair(message.context, rtp, rtcp, medium, false);
    if (done === 'busy') continue;
    if (done !== 'done') break;
    if (port === first || translatePort(message, at, port)) return { address };
    return dropped('cannot mangle SDP message');
  }
  return dropped('all ports in use for SDP media');
}

/** nf_nat_sip_expected() */
export function arrive(
  { conntrack, skb }: HelperContext,
  connection: Connection,
  expectation: Expectation,
): void {
  const { savedAddress, savedPort, direction = 'original', master } = expectation;
  if (savedAddress === undefined || savedPort === undefined) return;
  const range = (address: Ip, port?: number) => ({
    address: { min: address, max: address },
    ...(port === undefined ? {} : { ports: { min: port, max: port } }),
    random: false,
    persistent: false,
  });
  setupNat(conntrack, connection, range(savedAddress, savedPort), 'dst', skb.time);
  const { source, sourcePort, protocol } = connection.original;
  const pair =
    expectation.class === SIGNALLING
      ? undefined
      : conntrack.expectations
          .ofMaster(master as Connection, skb.time)
          .find(
            ({ expectation: each }) =>
              each.protocol === protocol && each.savedAddress === source && each.savedPort === sourcePort,
          )?.expectation;
  if (pair) {
    setupNat(conntrack, connection, range(pair.destination, pair.destinationPort), 'src', skb.time);
  } else if (source === master[direction].source) {
    setupNat(conntrack, connection, range(master[opposite(direction)].destination), 'src', skb.time);
  }
}
