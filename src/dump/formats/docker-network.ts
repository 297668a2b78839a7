/** `docker network inspect`: the Engine API's Network; `podman network inspect`: netavark's. */
import type { Issue } from '../../base/issue.ts';
import { type Ip, parseIp } from '../../net/ip.ts';
import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import { address, child, list, objects, text } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { isObject, type JsonObject, lineOf } from '../json.ts';
import type { DockerMember, DockerNetwork } from '../records.ts';
import type { DumpText } from '../text.ts';

export const dockerNetwork: Format = {
  id: 'docker-network',
  command: 'docker network inspect NETWORK',
  recognise: (source) =>
    firstRecord(source, isNetwork, '`Name`, `Driver` and `IPAM`') ??
    firstRecord(source, isPodman, '`name`, `driver` and `subnets`'),
  parse: parseNetworks,
};

function isNetwork(record: JsonObject): boolean {
  return has(record, 'Name', 'Driver') && (has(record, 'IPAM') || has(record, 'Id', 'Scope', 'Containers'));
}

function parseNetworks(source: DumpText): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const networks: DockerNetwork[] = [];
  for (const record of jsonRecords(source)) {
    const name = text(record, 'Name') ?? text(record, 'name');
    if (isPodman(record) && name !== undefined) networks.push(podmanNetwork(record, name, source.path));
    else if (isNetwork(record) && name !== undefined) networks.push(networkOf(record, name, source.path));
    else {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'a network with `Name` and `Driver`'));
    }
  }
  return { content: { kind: 'docker-networks', networks }, issues };
}

const BRIDGE_NAME = 'com.docker.network.bridge.name';

function networkOf(record: JsonObject, name: string, path: string): DockerNetwork {
  const id = text(record, 'Id') ?? '';
  const driver = text(record, 'Driver') ?? '';
  const options: Record<string, string> = {};
  const given = child(record, 'Options');
  for (const key of Object.keys(given ?? {})) options[key] = text(given, key) ?? '';
  const bridge = options[BRIDGE_NAME] ?? (id === '' ? undefined : `br-${id.slice(0, 12)}`);
  return {
    id,
    name,
    driver,
    ...(driver === 'bridge' && bridge !== undefined ? { bridge } : {}),
    internal: record.Internal === true,
    icc: options['com.docker.network.bridge.enable_icc'] !== 'false',
    masquerade: options['com.docker.network.bridge.enable_ip_masquerade'] !== 'false',
    subnets: subnetsOf(record),
    options,
    ...(isObject(record.Containers) ? { members: membersOf(record.Containers, path) } : {}),
    span: { path, line: lineOf(record) },
  };
}

/** `"Containers": {"<id>": {"Name": "web", "IPv4Address": "172.17.0.2/16"}}` */
function membersOf(containers: JsonObject, path: string): DockerMember[] {
  return Object.keys(containers).flatMap((id) => {
    const record = child(containers, id);
    if (!record) return [];
    const address = memberAddress(record, 'IPv4Address');
    const address6 = memberAddress(record, 'IPv6Address');
    return [
      {
        name: text(record, 'Name') ?? id.slice(0, 12),
        ...(address === undefined ? {} : { address }),
        ...(address6 === undefined ? {} : { address6 }),
        span: { path, line: lineOf(record) },
      },
    ];
  });
}

function memberAddress(record: JsonObject, key: string): Ip | undefined {
  return parseIp((text(record, key) ?? '').split('/')[0] ?? '');
}

function subnetsOf(record: JsonObject): DockerNetwork['subnets'] {
  const subnets: { subnet: Prefix; gateway?: NonNullable<ReturnType<typeof address>> }[] = [];
  for (const config of objects(list(child(record, 'IPAM'), 'Config'))) {
    const subnet = parsePrefix(text(config, 'Subnet') ?? '');
    if (!subnet) continue;
    const gateway = address(config, 'Gateway');
    subnets.push({ subnet, ...(gateway === undefined ? {} : { gateway }) });
  }
  return subnets;
}

function isPodman(record: JsonObject): boolean {
  return has(record, 'name', 'driver', 'network_interface') || has(record, 'name', 'driver', 'subnets');
}

/** `{"name": "podman", "driver": "bridge", "network_interface": "podman0", "subnets": [{"subnet": "10.88.0.0/16", "gateway": …}]}` */
function podmanNetwork(record: JsonObject, name: string, path: string): DockerNetwork {
  const driver = text(record, 'driver') ?? '';
  const bridge = text(record, 'network_interface');
  const options: Record<string, string> = {};
  const given = child(record, 'options');
  for (const key of Object.keys(given ?? {})) options[key] = text(given, key) ?? '';
  return {
    id: text(record, 'id') ?? '',
    name,
    driver,
    ...(driver === 'bridge' && bridge !== undefined ? { bridge } : {}),
    internal: record.internal === true,
    icc: true,
    masquerade: record.internal !== true,
    subnets: objects(list(record, 'subnets')).flatMap((config) => {
      const subnet = parsePrefix(text(config, 'subnet') ?? '');
      const gateway = address(config, 'gateway');
      return subnet ? [{ subnet, ...(gateway === undefined ? {} : { gateway }) }] : [];
    }),
    options,
    ...(isObject(record.containers) ? { members: podmanMembers(record.containers, path) } : {}),
    span: { path, line: lineOf(record) },
  };
}

/** `{"<id>": {"name": "web", "interfaces": {"eth0": {"subnets": [{"ipnet": "10.88.0.2/16"}]}}}}` */
function podmanMembers(containers: JsonObject, path: string): DockerMember[] {
  return Object.keys(containers).flatMap((id) => {
    const record = child(containers, id);
    if (!record) return [];
    const interfaces = child(record, 'interfaces');
    const addresses = Object.keys(interfaces ?? {})
      .flatMap((key) => objects(list(child(interfaces, key), 'subnets')))
      .flatMap((subnet) => parseIp((text(subnet, 'ipnet') ?? '').split('/')[0] ?? '') ?? []);
    const address4 = addresses.find((each) => typeof each === 'number');
    const address6 = addresses.find((each) => typeof each === 'bigint');
    return [
      {
        name: text(record, 'name') ?? id.slice(0, 12),
        ...(address4 === undefined ? {} : { address: address4 }),
        ...(address6 === undefined ? {} : { address6 }),
        span: { path, line: lineOf(record) },
      },
    ];
  });
}
