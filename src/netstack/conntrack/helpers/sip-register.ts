/** process_register_request() and _response(), net/netfilter/nf_conntrack_sip.c; nf_nat_sip_expect(): calls that come in. */
import type { Expectation } from '../expectation.ts';
import { ACCEPT, type HelperOutcome } from '../helper.ts';
import { opposite } from '../tcp-window.ts';
import { arrive, EXPECT_SECONDS, SIGNALLING } from './sip-media.ts';
import {
  headerAt,
  headerUri,
  numberParameter,
  transportParameter,
  type Uri,
  type Walk,
} from './sip-message.ts';
import { endpointText, type Message, rewrite, tuplesOf } from './sip-nat.ts';
import { dropped, stateOf } from './sip-state.ts';

function expiresOf({ text, context }: Message): number {
  const found = headerAt(text, 0, 'expires', context.skb.family);
  return found && 'from' in found ? Number(text.slice(found.from, found.to)) : 0;
}

/** Whom the registrar's calls go to is expected, once the registrar has agreed. */
export function register(message: Message, sequence: number): HelperOutcome {
  const { connection, skb, conntrack } = message.context;
  if (connection.expected) return ACCEPT;
  const contact = headerUri(message.text, 'contact', skb.family);
  if (contact === 'broken') return dropped('cannot parse contact');
  const { own, back } = tuplesOf(message);
  if (!contact || contact.address !== own.source) return ACCEPT;
  const protocol = transportParameter(message.text, contact.to, skb.protocol);
  if (protocol === undefined) return ACCEPT;
  const expires = numberParameter(message.text, contact.to, 'expires=')?.value ?? expiresOf(message);
  if (expires > 0) {
    const expectation: Expectation = {
      master: connection,
      protocol,
      source: back.source,
      destination: contact.address,
      destinationPort: contact.port,
      class: SIGNALLING,
      timeout: EXPECT_SECONDS,
      permanent: true,
      inactive: true,
      helper: 'sip',
    };
    const done =
      connection.srcNat || connection.dstNat
        ? translated(message, expectation, contact)
        : conntrack.expectations.add(expectation, 1, skb.time) === 'done';
    if (!done) return dropped('cannot add expectation');
  }
  stateOf(message).registerSequence = sequence;
  return ACCEPT;
}

/** nf_nat_sip_expect(): the first port, from the asked one on, that nobody is expected at. */
function translated(message: Message, expectation: Expectation, contact: Uri): boolean {
  const { context } = message;
  const { own, back } = tuplesOf(message);
  const address = own.source === back.destination ? contact.address : back.destination;
  const listens = stateOf(message).forcedPort ?? own.sourcePort;
  expectation.savedAddress = contact.address;
  expectation.savedPort = contact.port;
  expectation.destination = address;
  expectation.direction = opposite(context.tracked.direction);
  expectation.arrived = (connection, arrived) => arrive(context, connection, arrived);
  for (let port = contact.port === listens ? back.destinationPort : contact.port; port <= 65535; port++) {
    expectation.destinationPort = port;
    const done = context.conntrack.expectations.add(expectation, 1, context.skb.time);
    if (done === 'busy') continue;
    if (done !== 'done') return false;
    if (address !== contact.address || port !== contact.port) {
      rewrite(message, contact, endpointText(address, port));
    }
    return true;
  }
  return false;
}

export function registered(message: Message, sequence: number, code: number): HelperOutcome {
  const { skb } = message.context;
  if (stateOf(message).registerSequence !== sequence || (code >= 100 && code <= 199)) return ACCEPT;
  if (code < 200 || code > 299) return flush(message);
  const expires = expiresOf(message);
  const { own } = tuplesOf(message);
  const walk: Walk = { at: 0, inHeader: false };
  for (;;) {
    const contact = headerUri(message.text, 'contact', skb.family, walk);
    if (contact === 'broken') return dropped('cannot parse contact');
    if (!contact) return flush(message);
    const protocol = transportParameter(message.text, contact.to, skb.protocol);
    if (contact.address !== own.destination || protocol === undefined) continue;
    const seconds = numberParameter(message.text, contact.to, 'expires=')?.value ?? expires;
    if (seconds === 0) return flush(message);
    if (refresh(message, contact, protocol, seconds)) return ACCEPT;
  }
}

/** refresh_signalling_expectation() */
function refresh({ context }: Message, contact: Uri, protocol: number, seconds: number): boolean {
  const { conntrack, connection, skb } = context;
  const found = conntrack.expectations
    .ofMaster(connection, skb.time)
    .find(
      ({ expectation: each }) =>
        each.class === SIGNALLING &&
        each.destination === contact.address &&
        each.protocol === protocol &&
        each.destinationPort === contact.port,
    );
  if (!found) return false;
  found.expectation.inactive = false;
  found.expires = skb.time + seconds;
  return true;
}

/** flush_expectations(), of signalling: the latest one. */
function flush({ context: { conntrack, connection, skb } }: Message): HelperOutcome {
  const found = conntrack.expectations
    .ofMaster(connection, skb.time)
    .find(({ expectation }) => expectation.class === SIGNALLING);
  if (found) conntrack.expectations.remove(found.expectation);
  return ACCEPT;
}
