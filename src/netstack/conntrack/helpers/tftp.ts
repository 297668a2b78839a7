/** tftp_help(), net/netfilter/nf_conntrack_tftp.c: the server answers a request from a port of its own. */
import { viewOf } from '../../../base/bytes.ts';
import { ACCEPT, type Helper } from '../helper.ts';
import { followMaster } from '../mangle.ts';

const READ = 1;
const WRITE = 2;
const UDP_HEADER = 8;

export const tftp: Helper = {
  protocols: [17],
  help(context) {
    const { skb, connection, conntrack } = context;
    const at = skb.transport + UDP_HEADER;
    if (skb.transport < 0 || at + 2 > Math.min(skb.bytes.length, skb.length)) return ACCEPT;
    const opcode = viewOf(skb.bytes).getUint16(at);
    if (opcode !== READ && opcode !== WRITE) return ACCEPT;
    const { original, reply } = connection;
    const translated = connection.srcNat || connection.dstNat;
    const done = conntrack.expectations.add(
      {
        master: connection,
        protocol: 17,
        source: reply.source,
        destination: reply.destination,
        destinationPort: reply.destinationPort,
        class: 0,
        timeout: 300,
        ...(translated
          ? { savedPort: original.sourcePort, direction: 'reply', arrived: followMaster(context) }
          : {}),
      },
      1,
      skb.time,
    );
    return done === 'done' ? ACCEPT : { drop: 'nf_ct_tftp: cannot add expectation' };
  },
};
