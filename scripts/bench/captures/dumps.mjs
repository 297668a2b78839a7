/** Outputs of `ip` for the captures' hosts, in the layout of a bundle. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param {Readonly<Record<string, string>>} files */
export function writeDumps(folder, namespace, files) {
  const target = join(folder, 'namespaces', namespace);
  mkdirSync(target, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text);
}

export function loopback() {
  return (
    '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n' +
    '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n' +
    '    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n'
  );
}

/**
 * @param {string} name with `@ifN` for a veth
 * @param {string | readonly string[]} [addresses] with their prefix length
 * @param {{ master?: string, netnsid?: number }} [more]
 */
export function device(index, name, mac, addresses = [], { master, netnsid } = {}) {
  const queue = name.includes('@') || name.startsWith('br') ? 'noqueue' : 'mq';
  const end = netnsid === undefined ? '' : ` link-netnsid ${netnsid}`;
  const head =
    `${index}: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc ${queue}${master ? ` master ${master}` : ''} ` +
    `state UP group default qlen 1000\n    link/ether ${mac} brd ff:ff:ff:ff:ff:ff${end}\n`;
  const plain = name.replace(/@.*/, '');
  const lines = [addresses]
    .flat()
    .map(
      (address) =>
        `    inet ${address} scope global ${plain}\n       valid_lft forever preferred_lft forever\n`,
    );
  return head + lines.join('');
}
