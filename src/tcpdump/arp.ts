/** ARP as arp_print() writes it: `ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28`, and the form of 3.x, `arp who-has …`. */
import { setUint48 } from '../base/bytes.ts';
import { type Ip, parseIpv4 } from '../net/ip.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { firstLine, lengthIn, type Reading, type Unread } from './reading.ts';

const HEAD = /^(?:ARP, |arp |ARP )?(?:Ethernet \(len 6\), IPv4 \(len 4\), )?/;

/** The message, and its length with padding; `ether`: the frame's addresses, where they were printed. */
export function readArp(
  text: string,
  ether: { readonly source?: Mac; readonly destination?: Mac },
  reading: Reading,
): { readonly bytes: Uint8Array; readonly length: number } | Unread {
  const words = firstLine(text)
    .replace(HEAD, '')
    .replace(/^Ethernet \(len 6\), IPv4 \(len 4\), /, '');
  const said = messageOf(words, ether);
  if (!said) return { unread: 'words', text: firstLine(text) };
  const addressOf = (name: string): Ip | undefined => parseIpv4(name) ?? reading.address(name);
  const sender = addressOf(said.sender);
  const target = addressOf(said.target);
  if (typeof sender !== 'number') return { unread: 'name', text: said.sender };
  if (typeof target !== 'number') return { unread: 'name', text: said.target };
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, 0x800);
  view.setUint16(4, 0x604);
  view.setUint16(6, said.operation);
  setUint48(view, 8, said.senderMac ?? 0);
  view.setUint32(14, sender);
  setUint48(view, 18, said.targetMac ?? 0);
  view.setUint32(24, target);
  return { bytes, length: Math.max(28, lengthIn(words) ?? 28) };
}

interface Said {
  readonly operation: number;
  readonly sender: string;
  readonly target: string;
  readonly senderMac?: Mac | undefined;
  readonly targetMac?: Mac | undefined;
}

/** The sender is who sent the frame, where nothing else is said. */
function messageOf(
  words: string,
  ether: { readonly source?: Mac; readonly destination?: Mac },
): Said | undefined {
  const request = /^(?:Request )?who-has (\S+)(?: \(([^)]*)\))?,? tell ([^\s,]+)/i.exec(words);
  if (request) {
    const [, target = '', mac = '', sender = ''] = request;
    return { operation: 1, sender, target, senderMac: ether.source, targetMac: macOf(mac) };
  }
  const announced = /^(?:Request )?(Announcement|Probe) ([^\s,]+)/.exec(words);
  if (announced) {
    const [, kind, target = ''] = announced;
    return { operation: 1, sender: kind === 'Probe' ? '0.0.0.0' : target, target, senderMac: ether.source };
  }
  const reply = /^(?:Reply )?([^\s,]+) is-at ([0-9a-fA-F:]+)/i.exec(words);
  if (reply) {
    const [, sender = '', mac = ''] = reply;
    return { operation: 2, sender, target: '0.0.0.0', senderMac: macOf(mac), targetMac: ether.destination };
  }
  const reverse = /^Reverse Request who-is ([0-9a-f:]+) tell ([0-9a-f:]+)/i.exec(words);
  if (reverse)
    return {
      operation: 3,
      sender: '0.0.0.0',
      target: '0.0.0.0',
      senderMac: macOf(reverse[2] ?? ''),
      targetMac: macOf(reverse[1] ?? ''),
    };
  const named = /^Reverse Reply ([0-9a-f:]+) at ([\d.]+\d)/i.exec(words);
  return named
    ? {
        operation: 4,
        sender: '0.0.0.0',
        target: named[2] ?? '',
        targetMac: macOf(named[1] ?? ''),
        senderMac: ether.source,
      }
    : undefined;
}

function macOf(text: string): Mac | undefined {
  return parseMac(
    text
      .split(':')
      .map((part) => part.padStart(2, '0'))
      .join(':'),
  );
}
