/** sip_help_udp(), sip_help_tcp() and the handlers of methods, net/netfilter/nf_conntrack_sip.c. */
import { viewOf } from '../../../base/bytes.ts';
import {
  ACCEPT,
  type Helper,
  type HelperContext,
  type HelperOutcome,
  isEstablished,
  tcpData,
  textOf,
} from '../helper.ts';
import { manglePacket } from '../mangle.ts';
import { newAdjustments, noteAdjustment } from '../seqadj.ts';
import { expectMedia, flushMedia } from './sip-media.ts';
import { headerAt, headerUri } from './sip-message.ts';
import { type Message, translateMessage, tuplesOf } from './sip-nat.ts';
import { register, registered } from './sip-register.ts';
import { dropped, stateOf } from './sip-state.ts';

/** sip_timeout: the connection lives so many seconds after each message. */
const TIMEOUT = 3600;
const LEAST = 'SIP/2.0 200'.length;
const UDP_HEADER = 8;

export const sip: Helper = {
  protocols: [17, 6],
  help: (context) => (context.skb.protocol === 6 ? overTcp(context) : overUdp(context)),
};

function overUdp(context: HelperContext): HelperOutcome {
  const { skb } = context;
  const start = skb.transport + UDP_HEADER;
  const end = Math.min(skb.length, skb.bytes.length);
  if (skb.transport < 0 || start >= skb.length) return ACCEPT;
  context.connection.expires = skb.time + TIMEOUT;
  if (end - start < LEAST) return ACCEPT;
  return handleMessage({ context, start, text: textOf(skb, start, end), forcedPort: undefined });
}

/** A segment may hold several messages, each as long as its Content-Length says. */
function overTcp(context: HelperContext): HelperOutcome {
  const { skb, connection, tracked } = context;
  const data = isEstablished(context) ? tcpData(skb) : undefined;
  if (!data) return ACCEPT;
  connection.expires = skb.time + TIMEOUT;
  let rest = textOf(skb, data.start, data.end);
  let { start } = data;
  let outcome = ACCEPT;
  let grown = 0;
  while (rest.length >= LEAST) {
    const size = messageLength(rest, skb.family);
    if (size === undefined || size > rest.length) break;
    const message: Message = { context, start, text: rest.slice(0, size), forcedPort: undefined };
    outcome = handleMessage(message);
    if (outcome.drop !== undefined) return outcome;
    grown += message.text.length - size;
    start += message.text.length;
    rest = rest.slice(size);
  }
  if (grown !== 0 && (connection.srcNat || connection.dstNat)) {
    connection.adjust ??= newAdjustments();
    noteAdjustment(connection.adjust[tracked.direction], data.sequence, grown);
  }
  return outcome;
}

function messageLength(text: string, family: 4 | 6): number | undefined {
  const found = headerAt(text, 0, 'length', family);
  if (!found || !('from' in found)) return undefined;
  if (text.slice(found.to, found.to + 4) !== '\r\n\r\n') return undefined;
  return found.to + 4 + Number(text.slice(found.from, found.to));
}

/** process_sip_msg() */
function handleMessage(plain: Message): HelperOutcome {
  const { connection, skb, tracked } = plain.context;
  const outcome = /^SIP\/2\.0 /i.test(plain.text) ? response(plain) : request(plain);
  if (outcome.drop !== undefined || !(connection.srcNat || connection.dstNat)) return outcome;
  const { forcedPort } = stateOf(plain);
  const message = { ...plain, forcedPort };
  translateMessage(message);
  plain.text = message.text;
  if (tracked.direction === 'reply' && forcedPort !== undefined && skb.protocol === 17) {
    viewOf(skb.bytes).setUint16(skb.transport + 2, forcedPort);
    manglePacket(plain.context, plain.start, plain.start, '');
  }
  return outcome;
}

type Handler = (message: Message, sequence: number) => HelperOutcome;

const REQUESTS: Readonly<Record<string, Handler>> = {
  INVITE(message, sequence) {
    flushMedia(message);
    const outcome = expectMedia(message);
    if (outcome.drop === undefined) stateOf(message).inviteSequence = sequence;
    return outcome;
  },
  UPDATE: (message) => expectMedia(message),
  ACK: (message) => expectMedia(message),
  PRACK: (message) => expectMedia(message),
  BYE(message) {
    flushMedia(message);
    return ACCEPT;
  },
  REGISTER: register,
};

/** process_sip_request() */
function request(message: Message): HelperOutcome {
  const { text, context } = message;
  const { own } = tuplesOf(message);
  const via = headerUri(text, 'viaUdp', context.skb.family);
  if (via && via !== 'broken' && via.port !== own.sourcePort && via.address === own.source) {
    stateOf(message).forcedPort = via.port;
  }
  const [, method = ''] = /^([a-z]+) [a-z]/i.exec(text) ?? [];
  const handler = REQUESTS[method.toUpperCase()];
  if (!handler) return ACCEPT;
  const sequence = sequenceOf(message)?.value;
  return sequence === undefined ? dropped('cannot parse cseq') : handler(message, sequence);
}

const ANSWERED: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'PRACK', 'REGISTER']);

/** process_sip_response() */
function response(message: Message): HelperOutcome {
  const { text } = message;
  const code = Number(/^\d+/.exec(text.slice('SIP/2.0 '.length))?.[0] ?? 0);
  if (code === 0) return dropped('cannot get code');
  const sequence = sequenceOf(message);
  if (!sequence) return dropped('cannot parse cseq');
  const method = /^[a-z]+/i.exec(text.slice(sequence.to + 1))?.[0].toUpperCase() ?? '';
  if (!ANSWERED.has(method)) return ACCEPT;
  if (method === 'REGISTER') return registered(message, sequence.value, code);
  if (code >= 100 && code <= 299) return expectMedia(message);
  if (stateOf(message).inviteSequence === sequence.value) flushMedia(message);
  return ACCEPT;
}

function sequenceOf({ text, context }: Message): { readonly value: number; readonly to: number } | undefined {
  const found = headerAt(text, 0, 'cseq', context.skb.family);
  if (!found || !('from' in found)) return undefined;
  return { value: Number(text.slice(found.from, found.to)), to: found.to };
}
