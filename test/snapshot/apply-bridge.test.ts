import { describe, expect, it } from 'vitest';
import type { Link } from '../../src/dump/records.ts';
import { applyCommand } from '../../src/snapshot/apply.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { ipAddr, snapshotOf } from './dumps.ts';

const { snapshot } = snapshotOf({
  'host/ip-addr.txt': ipAddr(
    'lo 127.0.0.1/8',
    'br0 192.168.5.1/24 kind bridge',
    'veth1 master br0',
    'eth0 10.1.0.2/24',
  ),
  'host/bridge-link.txt':
    '3: veth1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master br0 state listening priority 32 cost 2 \n',
});

/** The link after the commands, or why one was not applied. */
function changed(name: string, ...commands: string[]): Link | string | undefined {
  let state: Snapshot = snapshot;
  for (const command of commands) {
    const applied = applyCommand(state, 'host', command);
    if (applied.issue) return applied.issue.text;
    state = applied.snapshot;
  }
  return state.namespaces.get('host')?.links?.find((link) => link.name === name);
}

describe('bridge link set', () => {
  it.each([
    ['isolated on', { isolated: true }],
    ['isolated off hairpin on', { isolated: false, hairpin: true }],
    ['mcast_flood off', { mcastFlood: false }],
  ])('%s', (options, port) => {
    expect(changed('veth1', `bridge link set dev veth1 ${options}`)).toMatchObject({ port });
  });

  it.each([
    ['bridge link set dev veth9 isolated on', 'there is no interface veth9'],
    ['bridge link set dev eth0 isolated on', 'eth0 is no port of a bridge'],
    ['bridge link set dev veth1 state 3', 'is not modelled'],
    ['bridge fdb add 02:00:00:00:00:01 dev veth1', 'only `link set` is modelled'],
  ])('%s: refused', (command, why) => {
    expect(changed('veth1', command)).toContain(why);
  });
});

/** As on Linux 6.18: docs/kernel.md, "Spanning tree". */
describe('ip link set BRIDGE type bridge', () => {
  it('stp_state 0 leaves a port listening', () => {
    expect(changed('veth1', 'ip link set br0 type bridge stp_state 0')).toMatchObject({
      port: { state: 'listening' },
    });
  });

  it('a port that goes down and up forwards then', () => {
    const commands = ['ip link set br0 type bridge stp_state 0', 'ip link set veth1 down'];
    expect(changed('veth1', ...commands)).toMatchObject({ port: { state: 'disabled' } });
    expect(changed('veth1', ...commands, 'ip link set veth1 up')).toMatchObject({
      port: { state: 'forwarding' },
    });
  });

  it('with spanning tree it listens again', () => {
    const commands = [
      'ip link set br0 type bridge stp_state 1',
      'ip link set veth1 down',
      'ip link set veth1 up',
    ];
    expect(changed('veth1', ...commands)).toMatchObject({ port: { state: 'listening' } });
  });

  it('refuses what is no bridge', () => {
    expect(changed('eth0', 'ip link set eth0 type vlan id 5')).toContain('eth0 is no vlan');
  });
});
