import { describe, expect, it } from 'vitest';
import { ipAddr, netnsOf, snapshotOf } from './dumps.ts';

describe('lists of namespaces', () => {
  it('give ids, inodes and processes to the namespaces that are dumped', () => {
    const { snapshot } = snapshotOf({
      'addr.txt': ipAddr('eth0 up 10.1.0.1/24'),
      'netns.txt': 'red (id: 3)\nblue (id: 4)\n',
      'lsns.txt':
        '        NS TYPE NPROCS   PID USER    NETNSID NSFS           COMMAND\n4026532748 net       1  2565 root unassigned /run/netns/red sleep 60\n',
      'red/addr.txt': ipAddr('eth0 up 10.1.0.2/24'),
    });
    expect(netnsOf(snapshot, 'red')).toMatchObject({ netnsid: 3, inode: 4026532748, pid: 2565 });
    // A list makes no namespace: nothing of blue was dumped.
    expect([...snapshot.namespaces.keys()]).toEqual(['host', 'red']);
  });

  it('of another namespace have ids of its own', () => {
    const { snapshot } = snapshotOf({
      'red/netns.txt': 'blue (id: 0)\nred (id: 1)\n',
      'red/addr.txt': ipAddr('eth0 up 10.1.0.2/24'),
    });
    expect(netnsOf(snapshot, 'red').netnsid).toBeUndefined();
  });
});

it('counters of /proc/net/dev and ethtool -S stand beside those of ip -s link', () => {
  const { snapshot } = snapshotOf({
    'addr.txt': ipAddr('eth0 up 10.1.0.1/24'),
    'ethtool.txt': '# ethtool -S eth0\nNIC statistics:\n     rx_crc: 5\n',
    'dev.txt': ` face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n`,
  });
  const eth0 = netnsOf(snapshot).links?.find(({ name }) => name === 'eth0');
  expect(eth0?.statistics).toMatchObject({ rx_crc: 5, rx_dropped: 4, tx_dropped: 12 });
});

it('docker ps makes no namespaces, and gives way to docker inspect', () => {
  const table =
    'CONTAINER ID   IMAGE     COMMAND   CREATED       STATUS       PORTS                  NAMES\n0123456789ab   nginx     "run"     2 hours ago   Up 2 hours   0.0.0.0:8080->80/tcp   web\nba9876543210   nginx     "run"     2 hours ago   Up 2 hours                          db\n';
  const inspected = `[{"Id": "0123456789ab${'0'.repeat(52)}", "Name": "/web", "State": {"Running": true}, "HostConfig": {"NetworkMode": "host"}, "NetworkSettings": {}}]`;
  const { snapshot } = snapshotOf({
    'addr.txt': ipAddr('eth0 up 10.1.0.1/24'),
    'ps.txt': table,
    'web.json': inspected,
  });
  expect([...snapshot.namespaces.keys()]).toEqual(['host']);
  expect(snapshot.docker.containers.map(({ name }) => name)).toEqual(['web']);
  expect(snapshot.docker.listed?.map(({ name }) => name)).toEqual(['db']);
});
