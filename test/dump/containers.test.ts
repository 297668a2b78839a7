import { describe, expect, it } from 'vitest';
import { bare, contentOf, read } from './same.ts';

const TABLE = `CONTAINER ID   IMAGE          COMMAND                  CREATED          STATUS                    PORTS                                                        NAMES
3f1c9d2b7a60   nginx:alpine   "/docker-entrypoint.…"   11 minutes ago   Up 11 minutes (healthy)   0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:53->53/udp   web
9b7e5f4a3c21   redis          "docker-entrypoint.s…"   2 hours ago      Up 2 hours                6379/tcp                                                     cache
0a1b2c3d4e5f   busybox        "sh -c 'Created Up'"     3 hours ago      Exited (137) 2 hours ago                                                               old
77aa88bb99cc   game           "run"                    3 days ago       Up 3 days                 :::3000-3002->3000-3002/tcp, 0.0.0.0:3000-3002->3000-3002/tcp   games
`;
const RECORDS = [
  '{"ID":"3f1c9d2b7a60","Image":"nginx:alpine","Names":"web","Ports":"0.0.0.0:8080-\\u003e80/tcp, [::]:8080-\\u003e80/tcp, 127.0.0.1:53-\\u003e53/udp","State":"running","Networks":"bridge"}',
  '{"ID":"9b7e5f4a3c21","Image":"redis","Names":"cache","Ports":"6379/tcp","State":"running"}',
  '{"ID":"0a1b2c3d4e5f","Image":"busybox","Names":"old","Ports":"","State":"exited"}',
  '{"ID":"77aa88bb99cc","Image":"game","Names":"games","Ports":":::3000-3002-\\u003e3000-3002/tcp, 0.0.0.0:3000-3002-\\u003e3000-3002/tcp","State":"running"}',
].join('\n');

describe('docker ps', () => {
  const { containers } = contentOf(read('ps.txt', TABLE), 'container-list');

  it('has names, states and published ports', () => {
    expect(containers.map(({ name, running, published }) => [name, running, published.length])).toEqual([
      ['web', true, 2],
      ['cache', true, 0],
      ['old', false, 0],
      ['games', true, 3],
    ]);
    expect(bare(containers[0]?.published)).toEqual([
      { protocol: 'tcp', containerPort: 80, hostPort: 8080 },
      { protocol: 'udp', containerPort: 53, hostAddress: 0x7f000001, hostPort: 53 },
    ]);
    expect(containers.map(({ span }) => span.line)).toEqual([2, 3, 4, 5]);
  });

  it('says the same as JSON', () => {
    expect(bare(contentOf(read('ps.json', RECORDS), 'container-list').containers)).toEqual(bare(containers));
  });

  it("of podman's JSON has ports as objects", () => {
    const text =
      '[{"Id":"3f1c9d2b7a60","Image":"nginx","Names":["web"],"Pid":77,"State":"running","Ports":[{"host_ip":"","container_port":80,"host_port":8080,"range":2,"protocol":"tcp"}]}]';
    expect(bare(contentOf(read('ps.json', text), 'container-list').containers)).toEqual([
      {
        id: '3f1c9d2b7a60',
        name: 'web',
        image: 'nginx',
        running: true,
        pid: 77,
        published: [
          { protocol: 'tcp', containerPort: 80, hostPort: 8080 },
          { protocol: 'tcp', containerPort: 81, hostPort: 8081 },
        ],
      },
    ]);
  });
});

it('podman network inspect is read as the networks of Docker', () => {
  const text = `[{"name": "blue", "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9", "driver": "bridge",
    "network_interface": "podman1", "subnets": [{"subnet": "10.89.0.0/24", "gateway": "10.89.0.1"}, {"subnet": "fd00:1::/64", "gateway": "fd00:1::1"}],
    "ipv6_enabled": true, "internal": false, "dns_enabled": true, "ipam_options": {"driver": "host-local"},
    "containers": {"3f1c9d2b7a60": {"name": "web", "interfaces": {"eth0": {"subnets": [{"ipnet": "10.89.0.2/24", "gateway": "10.89.0.1"}], "mac_address": "aa:bb:cc:dd:ee:ff"}}}}}]`;
  const { networks } = contentOf(read('net.json', text), 'docker-networks');
  expect(networks).toMatchObject([
    {
      name: 'blue',
      driver: 'bridge',
      bridge: 'podman1',
      internal: false,
      members: [{ name: 'web', address: 0x0a590002 }],
    },
  ]);
  expect(networks[0]?.subnets.map(({ gateway }) => gateway)).toEqual([
    0x0a590001,
    0xfd000001000000000000000000000001n,
  ]);
});
