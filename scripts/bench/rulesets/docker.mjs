/** What Docker 26 writes for so many containers of one network (172.20.0.0/16 when not told), each with a published port. */
import { NAT_POLICIES, table } from './table.mjs';

const NETWORK = '172.20';

export function containerAddress(index, network = NETWORK) {
  const host = index + 2;
  return `${network}.${host >> 8}.${host & 255}`;
}

export function publishedPort(index) {
  return 20000 + index;
}

/** @param {string} [network] the first two bytes of its addresses */
export function docker(containers, bridge = 'br-5c3f1d2e4a6b', network = NETWORK) {
  const filter = [
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
    ...[bridge, 'docker0'].flatMap((each) => [
      `-A FORWARD -o ${each} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A FORWARD -o ${each} -j DOCKER`,
      `-A FORWARD -i ${each} ! -o ${each} -j ACCEPT`,
      `-A FORWARD -i ${each} -o ${each} -j ACCEPT`,
    ]),
  ];
  const nat = [
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
    `-A POSTROUTING -s ${network}.0.0/16 ! -o ${bridge} -j MASQUERADE`,
    '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
  ];
  const hairpins = [];
  const published = [`-A DOCKER -i ${bridge} -j RETURN`, '-A DOCKER -i docker0 -j RETURN'];
  for (let index = 0; index < containers; index++) {
    const address = containerAddress(index, network);
    filter.push(`-A DOCKER -d ${address}/32 ! -i ${bridge} -o ${bridge} -p tcp -m tcp --dport 80 -j ACCEPT`);
    hairpins.push(`-A POSTROUTING -s ${address}/32 -d ${address}/32 -p tcp -m tcp --dport 80 -j MASQUERADE`);
    published.push(
      `-A DOCKER ! -i ${bridge} -p tcp -m tcp --dport ${publishedPort(index)} -j DNAT --to-destination ${address}:80`,
    );
  }
  for (const [stage, target] of [
    ['DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2'],
    ['DOCKER-ISOLATION-STAGE-2', 'DROP'],
  ]) {
    for (const each of [bridge, 'docker0']) {
      const both = target === 'DROP' ? `-o ${each}` : `-i ${each} ! -o ${each}`;
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
