/** SCTP as sctp_print() writes it: the first chunk and, of an INIT, the tag that the other side's packets carry from then on. */
import { wordTable } from '../base/word-table.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Upper } from './reading.ts';

const CHUNKS = wordTable<number>({
  ...{ DATA: 0, INIT: 1, 'INIT ACK': 2, SACK: 3, 'HB REQ': 4, 'HB ACK': 5, ABORT: 6, SHUTDOWN: 7 },
  ...{ 'SHUTDOWN ACK': 8, 'OP ERR': 9, 'COOKIE ECHO': 10, 'COOKIE ACK': 11, 'ECN ECHO': 12, CWR: 13 },
  ...{ 'SHUTDOWN COMPLETE': 14 },
});

/** Without the tag only the ports are told: the rest of the header stands behind it. */
export function readSctp(
  text: string,
  ports: {
    readonly sourcePort: number;
    readonly destinationPort: number;
    readonly from: string;
    readonly to: string;
  },
  said: number | undefined,
  tags: Map<string, number>,
): Upper {
  const name = /\(?1\)\s*\[([A-Z ]+)\]/.exec(text)?.[1];
  const chunk = name === undefined ? undefined : CHUNKS[name];
  const own = /\[init tag: (\d+)\]/.exec(text)?.[1];
  if (own !== undefined) tags.set(`${ports.to} ${ports.from}`, Number(own) >>> 0);
  const tag = name === 'INIT' ? 0 : tags.get(`${ports.from} ${ports.to}`);
  const whole = chunk !== undefined && tag !== undefined;
  const bytes = new Uint8Array(whole ? (own === undefined ? 16 : 20) : 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ports.sourcePort);
  view.setUint16(2, ports.destinationPort);
  if (whole) {
    view.setUint32(4, tag);
    bytes[12] = chunk;
    view.setUint16(14, Math.max(4, (said ?? 24) - 12));
    if (own !== undefined) view.setUint32(16, Number(own) >>> 0);
  }
  return { protocol: PROTOCOL.sctp, bytes, length: said, unsaid: 0 };
}
