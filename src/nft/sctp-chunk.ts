/** Chunks of SCTP that expressions name (src/sctp_chunk.c of nftables, RFC 9260 and its extensions). */
import { lazily } from '../base/memo.ts';
import { wordTable } from '../base/word-table.ts';
import type { ExtensionInfo } from './extension-header.ts';
import type { HeaderField } from './header.ts';

const field = (offset: number, bits: number): HeaderField => ({ offset, bits, type: 'integer' });
const COMMON = { type: field(0, 8), flags: field(8, 8), length: field(16, 16) };
const chunk = (number: number, fields: Readonly<Record<string, HeaderField>> = {}): ExtensionInfo => ({
  number,
  fields: { ...COMMON, ...fields },
});

const INIT = {
  'init-tag': field(32, 32),
  'a-rwnd': field(64, 32),
  'num-outbound-streams': field(96, 16),
  'num-inbound-streams': field(112, 16),
  'initial-tsn': field(128, 32),
};
const TSN = { 'cum-tsn-ack': field(32, 32) };

export const SCTP_CHUNKS = lazily(() =>
  wordTable<ExtensionInfo>({
    data: chunk(0, {
      tsn: field(32, 32),
      stream: field(64, 16),
      ssn: field(80, 16),
      ppid: field(96, 32),
    }),
    init: chunk(1, INIT),
    'init-ack': chunk(2, INIT),
    sack: chunk(3, {
      ...TSN,
      'a-rwnd': field(64, 32),
      'num-gap-ack-blocks': field(96, 16),
      'num-dup-tsns': field(112, 16),
    }),
    heartbeat: chunk(4),
    'heartbeat-ack': chunk(5),
    abort: chunk(6),
    shutdown: chunk(7, TSN),
    'shutdown-ack': chunk(8),
    error: chunk(9),
    'cookie-echo': chunk(10),
    'cookie-ack': chunk(11),
    ecne: chunk(12, { 'lowest-tsn': field(32, 32) }),
    cwr: chunk(13, { 'lowest-tsn': field(32, 32) }),
    'shutdown-complete': chunk(14),
    'asconf-ack': chunk(0x80, { seqno: field(32, 32) }),
    'forward-tsn': chunk(0xc0, { 'new-cum-tsn': field(32, 32) }),
    asconf: chunk(0xc1, { seqno: field(32, 32) }),
  }),
);
