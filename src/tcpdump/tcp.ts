/** TCP as tcp_print() writes it: `Flags [S.], seq 1:5, ack 2, win 502, options [mss 1460], length 4`, and the form of 3.x. */
import { wordTable } from '../base/word-table.ts';
import { UNSAID } from '../capture/frame.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { firstLine, type Reading, type Upper } from './reading.ts';
import { usedUp } from './sequence.ts';
import { encodeOptions } from './tcp-options.ts';

const LETTERS = wordTable<number>({
  ...{ F: 1, S: 2, R: 4, P: 8, '.': 16, U: 32, E: 64, W: 128, e: 256 },
});
const ACK = 16;
const OLD = /^([SFRPWEU.]{1,8}) (?=ack |win |urg |\d|\[|$)/;

export function isTcp(text: string): boolean {
  return /^\s*(?:Flags \[|tcp \d|\[\|tcp\])/.test(text) || (OLD.test(text) && /\b(?:win|ack) \d/.test(text));
}

export interface TcpEnds {
  readonly from: string;
  readonly to: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** `said`: bytes of the segment by the IP header, where that was printed. */
export function readTcp(text: string, ends: TcpEnds, said: number | undefined, reading: Reading): Upper {
  const line = firstLine(text).trimStart();
  const brief = /^tcp (\d+)/.exec(line);
  if (brief || line.startsWith('[|tcp')) return portsOnly(ends, said);
  const modern = /^Flags \[([^\]]*)\](.*)$/.exec(line);
  const old = modern ? undefined : OLD.exec(line);
  let rest = modern?.[2] ?? line.slice(old?.[0].length ?? 0);
  let flags = 0;
  for (const letter of (modern?.[1] ?? old?.[1] ?? '').replace('none', '')) flags |= LETTERS[letter] ?? 0;
  if (old && /\back \d/.test(rest)) flags |= ACK;
  const options = /(?:options \[|<)([^\]>]*(?:\[[^\]]*\][^\]>]*)*)[\]>]/.exec(rest);
  if (options) rest = `${rest.slice(0, options.index)}${rest.slice(options.index + options[0].length)}`;
  const old3 = old && /^(\d+):(\d+)\((\d+)\)/.exec(rest.trim());
  const seq = old3 ? [old3[0], old3[1], old3[2]] : /\bseq (\d+)(?::(\d+))?/.exec(rest);
  const ack = number(/\back (\d+)/.exec(rest)?.[1]);
  const length =
    number(old3?.[3]) ??
    number(/\blength (\d+)/.exec(rest)?.[1]) ??
    (seq?.[2] === undefined ? (old ? 0 : undefined) : (Number(seq[2]) - Number(seq[1])) >>> 0);
  const numbers = reading.sequences.resolve({
    ...{ from: ends.from, to: ends.to, flags },
    sequence: number(seq?.[1]),
    acknowledgement: (flags & ACK) !== 0 ? ack : undefined,
    length: usedUp(flags, length ?? 0),
  });
  const coded = encodeOptions(options?.[1] ?? '', numbers.acknowledgement - (ack ?? 0));
  // Only a listing that tells what follows the header tells how long it is.
  const room = said !== undefined && length !== undefined ? said - length : undefined;
  const header = room !== undefined && room >= 20 && room <= 60 && room % 4 === 0 ? room : 20 + coded.length;
  const shown = coded.whole && coded.length + 20 === header;
  const bytes = new Uint8Array(shown ? header : 20 + coded.bytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ends.sourcePort);
  view.setUint16(2, ends.destinationPort);
  view.setUint32(4, numbers.sequence);
  view.setUint32(8, numbers.acknowledgement);
  view.setUint16(12, ((header / 4) << 12) | (flags & 0x1ff));
  view.setUint16(14, number(/\bwin (\d+)/.exec(rest)?.[1]) ?? 0);
  const check = /\bcksum 0x([0-9a-f]{1,4})/.exec(rest) ?? /\[bad tcp cksum (?:0x)?([0-9a-f]{1,4})/.exec(line);
  if (check) view.setUint16(16, Number.parseInt(check[1] ?? '', 16));
  view.setUint16(18, number(/\burg (\d+)/.exec(rest)?.[1]) ?? 0);
  bytes.set(coded.bytes.subarray(0, bytes.length - 20), 20);
  return {
    protocol: PROTOCOL.tcp,
    bytes,
    length: said ?? (length === undefined ? undefined : header + length),
    ...(!check && { checksumAt: 16 }),
    unsaid:
      (numbers.sequenceTold ? 0 : UNSAID.sequence) |
      (numbers.acknowledgementTold ? 0 : UNSAID.acknowledgement),
  };
}

/** `-q`: of a segment its ports and the length of its data. */
function portsOnly({ sourcePort, destinationPort }: TcpEnds, said: number | undefined): Upper {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint16(0, sourcePort);
  new DataView(bytes.buffer).setUint16(2, destinationPort);
  return { protocol: PROTOCOL.tcp, bytes, length: said, unsaid: 0 };
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text) >>> 0;
}
