/** What Docker 26 writes for so many containers of one network, each with a published port. */
import { NAT_POLICIES, table } from './table.mjs';

const BRIDGE = 'br-5c3f1d2e4a6b';

export function containerAddress(index) {
  const host = index + 2;
  return `172.20.${host >> 8}.${host & 255}`;
}

export function publishedPort(index) {
  return 20000 + index;
}

export function docker(containers) {
  const filter = [
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
    ...[BRIDGE, 'docker0'].flatMap((bridge) => [
      `-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A FORWARD -o ${bridge} -j DOCKER`,
      `-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`,
      `-A FORWARD -i ${bridge} -o ${bridge} -j ACCEPT`,
    ]),
  ];
  const nat = [
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
    `-A POSTROUTING -s 172.20.0.0/16 ! -o ${BRIDGE} -j MASQUERADE`,
    '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
  ];
  const hairpins = [];
  const published = [`-A DOCKER -i ${BRIDGE} -j RETURN`, '-A DOCKER -i docker0 -j RETURN'];
  for (let index = 0; index < containers; index++) {
    const address = containerAddress(index);
    filter.push(`-A DOCKER -d ${address}/32 ! -i ${BRIDGE} -o ${BRIDGE} -p tcp -m tcp --dport 80 -j ACCEPT`);
    hairpins.push(`-A POSTROUTING -s ${address}/32 -d ${address}/32 -p tcp -m tcp --dport 80 -j MASQUERADE`);
    published.push(
      `-A DOCKER ! -i ${BRIDGE} -p tcp -m tcp --dport ${publishedPort(index)} -j DNAT --to-destination ${address}:80`,
    );
  }
  for (const [stage, target] of [
    ['DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2'],
    ['DOCKER-ISOLATION-STAGE-2', 'DROP'],
  ]) {
    for (const bridge of [BRIDGE, 'docker0']) {
      const both = target === 'DROP' ? `-o ${bridge}` : `-i ${bridge} ! -o ${bridge}`;
      filter.push(`-A ${stage} ${both} -j ${target}`);
    }
    filter.push(`-A ${stage} -j RETURN`);
  }
  filter.push('-A DOCKER-USER -j RETURN');
  const policies = { INPUT: 'ACCEPT', FORWARD: 'DROP', OUTPUT: 'ACCEPT' };
  const chains = ['DOCKER', 'DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2', 'DOCKER-USER'];
  return (
    table('filter', policies, chains, filter) +
    table('nat', NAT_POLICIES, ['DOCKER'], [...nat, ...hairpins, ...published])
  );
}
