import { modelCause } from '../model-cause.ts';
import { nameOf, outInterface } from '../words.ts';

export const mtuPmtuBlackhole = modelCause({
  id: 'mtu-pmtu-blackhole',
  title: 'The path’s MTU is smaller, and nobody hears of it',
  severity: 'error',
  symptom: 'Small answers work, TLS handshakes and downloads hang.',
  mechanism:
    'A packet with "don’t fragment" that is larger than the next link’s MTU is dropped, and ICMP 3/4 tells its sender to send smaller ones. Where that ICMP is filtered the sender repeats the large packet for ever.',
  check: 'ip link (mtu on the way); iptables rules against ICMP',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the packet is larger than the MTU of ${outInterface(drop.trace)} in ${where} and must not be fragmented`,
      explanation: `The packet has to leave by ${outInterface(drop.trace)}, whose MTU it exceeds, and it says "don’t fragment". The kernel drops it and sends ICMP "fragmentation needed"; if that does not arrive the connection hangs as soon as it sends much.`,
      fix: [
        {
          namespace: drop.namespace,
          text: 'iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
        },
      ],
    };
  },
});
