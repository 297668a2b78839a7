import { describe, expect, it } from 'vitest';
import { applyCommand } from '../../src/snapshot/apply.ts';
import { snapshotOf } from './dumps.ts';

const LISTED = `udp      17 99 src=10.0.0.2 dst=10.0.0.9 sport=1 dport=52 src=10.0.0.9 dst=10.0.0.2 sport=52 dport=1 mark=0 use=1
udp      17 99 src=10.0.0.1 dst=10.0.0.9 sport=1 dport=51 src=10.7.0.3 dst=10.0.0.1 sport=5151 dport=1 mark=0 use=1
udp      17 99 src=fd00::1 dst=fd00::2 sport=1 dport=51 src=fd00::2 dst=fd00::1 sport=51 dport=1 mark=0 use=1
icmp     1 29 src=10.0.0.1 dst=10.0.0.9 type=8 code=0 id=77 src=10.0.0.9 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1
tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.9 sport=40000 dport=22 src=10.0.0.9 dst=10.0.0.1 sport=22 dport=40000 [ASSURED] mark=0 use=1
`;
const { snapshot } = snapshotOf({ 'host/conntrack.txt': LISTED });

/** Lines of the dump that are left. As conntrack 1.4.7 deletes: of both families, when none is named. */
describe('conntrack commands', () => {
  it.each([
    ['conntrack -F', []],
    ['conntrack -D -p udp --orig-port-dst 51', [1, 4, 5]],
    ['conntrack -D -f ipv6', [1, 2, 4, 5]],
    ['conntrack -D -p udp -f ipv4 --dport 51', [1, 3, 4, 5]],
    ['conntrack -D -p icmp --orig-src 10.0.0.1 --orig-dst 10.0.0.9', [1, 2, 3, 5]],
    ['conntrack -D -s 10.0.0.0/24', [3]],
    ['conntrack -D -r 10.7.0.3 --reply-port-src 5151', [1, 3, 4, 5]],
    ['conntrack -D -p tcp --state ESTABLISHED', [1, 2, 3, 4]],
  ])('%s leaves %j', (command, left) => {
    const { snapshot: after, issue } = applyCommand(snapshot, 'host', command);
    expect(issue).toBeUndefined();
    expect(after.namespaces.get('host')?.conntrack?.map(({ span }) => span.line)).toEqual(left);
  });

  it.each([
    ['conntrack -D -p udp --orig-port-dst 9', 'no dumped connection fits it'],
    ['conntrack -D --dst-nat 10.0.0.1', 'is not modelled'],
    ['conntrack -D -s', '-s asks for a value'],
    ['conntrack -D -p carrier-pigeon', '-p takes no carrier-pigeon'],
    ['conntrack -L', 'is not modelled'],
  ])('%s is refused', (command, why) => {
    expect(applyCommand(snapshot, 'host', command).issue?.text).toContain(why);
  });

  it('changes nothing where conntrack was not dumped', () => {
    const { snapshot: other } = snapshotOf({ 'host/sysctl.txt': 'net.ipv4.ip_forward = 1\n' });
    const { snapshot: after, issue } = applyCommand(other, 'host', 'conntrack -D -p udp');
    expect(issue).toBeUndefined();
    expect(after.namespaces.get('host')?.conntrack).toBeUndefined();
  });
});
