/** Captures at the inner side of a firewall: eth1 of a host that forwards a LAN's traffic to the Internet. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PcapFile } from '../traffic/pcap-file.mjs';
import { Traffic } from '../traffic/traffic.mjs';
import { ip } from './addresses.mjs';

const LAN = ip('10.1.0.0');
const INTERNET = ip('203.0.113.0');
export const INNER_MAC = ip('10.1.0.1');

const HOST = {
  clients: 240,
  servers: 60,
  client: (index) => LAN + ((index >> 6) << 8) + 10 + (index & 63),
  server: (index) => INTERNET + 10 + index,
  gateway: INNER_MAC,
};

/** @returns {string} the capture's path */
export function writeLan(folder, options) {
  const captures = join(folder, 'captures', 'host');
  mkdirSync(captures, { recursive: true });
  const path = join(captures, 'eth1.pcap');
  const file = new PcapFile(path);
  const link = { clientMac: 0, serverMac: INNER_MAC };
  new Traffic({ ...HOST, concurrent: 20_000, ...options }).run((packet) => {
    link.clientMac = HOST.client(packet.client);
    file.add(packet.time, packet, link);
  });
  file.close();
  return path;
}
