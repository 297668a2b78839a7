/** Network shapes that several incidents begin with. */

/**
 * A Linux host with a bridge, namespaces on it, and an uplink to a machine outside that owns `remotes` and knows nothing
 * of the subnet behind the host. Forwarding is on and nothing is translated yet.
 *
 * @param {import('./lab.mjs').Lab} lab
 * @param {{ bridge: [string, string], members: [string, string, string, string][], uplink: [string, string],
 *   gateway: string, remotes?: string[] }} shape members: [namespace, its device, its address, port on the bridge]
 */
export async function bridgedHost(lab, { bridge, members, uplink, gateway, remotes = [] }) {
  const { host } = lab;
  await host.sh('sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=0');
  const inside = [];
  for (const [name, ...rest] of members) inside.push([await lab.netns(name), ...rest]);
  await lab.bridge(host, bridge[0], bridge[1], inside);
  const outside = await lab.machine('outside');
  const prefix = uplink[1].split('/')[1];
  await lab.wire(host, uplink[0], outside, 'eth0');
  await host.sh(`ip addr add ${uplink[1]} dev ${uplink[0]}; ip route add default via ${gateway}`);
  await outside.sh(`ip addr add ${gateway}/${prefix} dev eth0; sysctl -qw net.ipv4.ip_forward=1`);
  for (const remote of remotes) await outside.sh(`ip addr add ${remote}/32 dev lo`);
  return { outside, inside: inside.map(([namespace]) => namespace) };
}

/** Two networks and a router between them: [namespace, device, address] at each end, each using the router's address. */
export async function routed(lab, { left, router, right }) {
  const [leftNs, leftDevice, leftAddress] = left;
  const [routerNs, [leftPort, leftGateway], [rightPort, rightGateway]] = router;
  const [rightNs, rightDevice, rightAddress] = right;
  await lab.wire(leftNs, leftDevice, routerNs, leftPort);
  await lab.wire(routerNs, rightPort, rightNs, rightDevice);
  await leftNs.sh(`ip addr add ${leftAddress} dev ${leftDevice}`);
  await routerNs.sh(
    `ip addr add ${leftGateway} dev ${leftPort}; ip addr add ${rightGateway} dev ${rightPort}`,
  );
  await routerNs.sh('sysctl -qw net.ipv4.ip_forward=1');
  await rightNs.sh(`ip addr add ${rightAddress} dev ${rightDevice}`);
}
