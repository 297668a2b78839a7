import { describe, expect, it } from 'vitest';
import { readCaptureCommand } from '../../src/correlate/capture-command.ts';

describe('what a capture command says of its file', () => {
  it.each([
    ['tcpdump -i eth0 -w eth0.pcap', undefined],
    ['tcpdump -nni any -s 96 -w any.pcap', undefined],
    ["tcpdump -i eth0 -w x.pcap 'port 80'", { filter: 'port 80' }],
    ['sudo tcpdump -p -U -i br0 -w x.pcap icmp or arp', { filter: 'icmp or arp' }],
    ['tcpdump -i eth0 -Q in -w x.pcap', { direction: 'in' }],
    ['tcpdump -i eth0 --direction=out -w x.pcap tcp', { filter: 'tcp', direction: 'out' }],
    ['ip netns exec red /usr/bin/tcpdump -ieth0 -c100 -w - > x.pcap', undefined],
    ["dumpcap -i eth0 -f 'udp port 53' -w x.pcapng", { filter: 'udp port 53' }],
    ['dumpcap -i eth0 -B 4 -a duration:10 -w x.pcapng', undefined],
    ['tshark -i eth0 -w x.pcapng', undefined],
    ['iptables-save -c', undefined],
    ["tcpdump -i eth0 -w 'x", undefined],
  ])('%s', (command, told) => {
    expect(readCaptureCommand(command)).toEqual(told);
  });
});
