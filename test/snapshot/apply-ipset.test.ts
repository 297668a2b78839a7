import { describe, expect, it } from 'vitest';
import { printDump } from '../../src/dump/print.ts';
import { applyCommand } from '../../src/snapshot/apply.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { snapshotOf } from './dumps.ts';

const SAVED = `create bad hash:ip family inet hashsize 1024 maxelem 4 timeout 600 counters
add bad 10.0.0.9 timeout 500 packets 3 bytes 200
add bad 10.0.0.10 timeout 0 packets 0 bytes 0
create nets hash:net family inet hashsize 1024 maxelem 65536
add nets 10.0.0.0/8
create nets2 hash:net family inet hashsize 1024 maxelem 65536
create ports bitmap:port range 0-1023
add ports 80
create free hash:ip family inet hashsize 1024 maxelem 65536
create all list:set size 8
add all nets
`;
const RULES = `*filter
:INPUT ACCEPT [0:0]
-A INPUT -m set --match-set bad src -j DROP
-A INPUT -j SET --add-set ports dst
COMMIT
`;
const { snapshot } = snapshotOf({ 'host/ipset-save.txt': SAVED, 'host/iptables-save.txt': RULES });

const text = (state: Snapshot): string =>
  printDump({ kind: 'ipsets', sets: state.namespaces.get('host')?.ipsets ?? [] }) ?? '';

describe('ipset commands', () => {
  it.each([
    ['ipset add bad 10.0.0.11', ['add bad 10.0.0.11 timeout 600 packets 0 bytes 0']],
    ['ipset -A bad 10.0.0.11 timeout 5', ['add bad 10.0.0.11 timeout 5 packets 0 bytes 0']],
    ['ipset add nets 192.0.2.0-192.0.2.5', ['add nets 192.0.2.0/30', 'add nets 192.0.2.4/31']],
    ['ipset add nets 10.1.0.0/16 nomatch', ['add nets 10.1.0.0/16 nomatch']],
    ['ipset add ports 20-22', ['add ports 20', 'add ports 21', 'add ports 22']],
    ['ipset -exist add ports 80', []],
    ['ipset create more hash:ip,port', ['create more hash:ip,port family inet hashsize 1024 maxelem 65536']],
    ['ipset create free hash:ip -exist', []],
    ['ipset rename free other', ['create other hash:ip family inet hashsize 1024 maxelem 65536']],
    ['ipset swap nets nets2', ['add nets2 10.0.0.0/8']],
    ['ipset add all free before nets', ['add all free']],
  ])('%s adds', (command, added) => {
    const { snapshot: after, issue } = applyCommand(snapshot, 'host', command);
    expect(issue).toBeUndefined();
    const before = new Set(text(snapshot).split('\n'));
    expect(
      text(after)
        .split('\n')
        .filter((line) => !before.has(line)),
    ).toEqual(added);
  });

  it.each([
    ['ipset del bad 10.0.0.9', ['add bad 10.0.0.9 timeout 500 packets 3 bytes 200']],
    ['ipset flush nets', ['add nets 10.0.0.0/8']],
    [
      'ipset flush',
      text(snapshot)
        .split('\n')
        .filter((line) => line.startsWith('add')),
    ],
    ['ipset destroy free', ['create free hash:ip family inet hashsize 1024 maxelem 65536']],
    ['ipset del -exist bad 10.0.0.77', []],
    ['ipset del all nets', ['add all nets']],
  ])('%s takes away', (command, gone) => {
    const { snapshot: after, issue } = applyCommand(snapshot, 'host', command);
    expect(issue).toBeUndefined();
    const now = new Set(text(after).split('\n'));
    expect(
      text(snapshot)
        .split('\n')
        .filter((line) => !now.has(line)),
    ).toEqual(gone);
  });

  it.each([
    ['ipset test bad 10.0.0.9', 'changes nothing'],
    ['ipset list', 'changes nothing'],
    ['ipset add none 10.0.0.9', 'no set none'],
    ['ipset add bad 10.0.0.9', 'in the set already'],
    ['ipset add bad 10.1.0.0/24', 'is full'],
    ['ipset add bad 0.0.0.0', 'no such element'],
    ['ipset add bad fd00::1', 'an IPv4 address'],
    ['ipset add ports 5000', 'out of the range'],
    ['ipset add free 10.0.0.0/8', 'is full'],
    ['ipset add nets 10.3.0.0/16 timeout 5', 'without timeout'],
    ['ipset del bad 10.0.0.77', 'not in the set'],
    ['ipset create bad hash:ip', 'a set bad already'],
    ['ipset create x hash:nothing', 'no set type'],
    ['ipset create x bitmap:ip', 'needs a range'],
    ['ipset create x bitmap:ip range 10.0.0.0/8', 'more than 65536'],
    ['ipset destroy bad', 'in use'],
    ['ipset destroy ports', 'in use'],
    ['ipset destroy nets', 'in use'],
    ['ipset destroy', 'in use'],
    ['ipset rename bad worse', 'in use'],
    ['ipset rename free bad', 'already'],
    ['ipset swap bad ports', 'can’t be swapped'],
    ['ipset add all all', 'can be a member'],
    ['ipset restore', 'not modelled'],
  ])('%s is refused: %s', (command, why) => {
    const { snapshot: after, issue } = applyCommand(snapshot, 'host', command);
    expect(issue?.text.replaceAll("'", '’')).toContain(why.replaceAll("'", '’'));
    expect(after).toBe(snapshot);
  });

  it('what is in sets that nobody dumped is not guessed', () => {
    const { snapshot: bare } = snapshotOf({ 'host/iptables-save.txt': RULES });
    expect(applyCommand(bare, 'host', 'ipset add bad 10.0.0.9').issue?.text).toContain('ipset save');
    const { snapshot: listed } = snapshotOf({
      'host/ipset-list.txt':
        'Name: bad\nType: hash:ip\nHeader: family inet hashsize 1024 maxelem 65536\nNumber of entries: 2\n',
    });
    expect(applyCommand(listed, 'host', 'ipset add bad 10.0.0.9').issue?.text).toContain('not dumped');
  });
});
