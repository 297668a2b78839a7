/** `docker inspect` of containers, from Docker 1.x to today: the Engine API's ContainerInspectResponse; podman prints the same fields. */
import type { Issue } from '../../base/issue.ts';
import type { Span } from '../../base/span.ts';
import { type Ip, parseIp } from '../../net/ip.ts';
import { address, child, list, mac, number, objects, text, texts } from '../fields.ts';
import { badLine, type Format, firstRecord, has, jsonIssues, jsonRecords, type Parsed } from '../format.ts';
import { isObject, type JsonObject, lineOf } from '../json.ts';
import type { DockerContainer, DockerEndpoint, PublishedPort } from '../records.ts';
import type { DumpText } from '../text.ts';

export const dockerInspect: Format = {
  id: 'docker-inspect',
  command: 'docker inspect CONTAINER',
  recognise: (source) =>
    firstRecord(source, isContainer, 'the id of a container and `NetworkSettings`, `HostConfig` or `State`'),
  parse: parseContainers,
};

function idOf(record: JsonObject): string | undefined {
  return text(record, 'Id') ?? text(record, 'ID');
}

function isContainer(record: JsonObject): boolean {
  return (
    idOf(record) !== undefined &&
    (['NetworkSettings', 'HostConfig'].some((key) => isObject(record[key])) ||
      (isObject(record.State) && has(record, 'Config')))
  );
}

function parseContainers(source: DumpText): Parsed {
  const issues: Issue[] = jsonIssues(source);
  const containers: DockerContainer[] = [];
  for (const record of jsonRecords(source)) {
    if (isContainer(record)) containers.push(containerOf(record, source.path));
    else {
      const found = JSON.stringify(record).slice(0, 100);
      issues.push(badLine(source.path, lineOf(record), found, 'a container with `Id` and `NetworkSettings`'));
    }
  }
  return { content: { kind: 'containers', containers }, issues };
}

function containerOf(record: JsonObject, path: string): DockerContainer {
  const state = child(record, 'State');
  const host = child(record, 'HostConfig');
  const settings = child(record, 'NetworkSettings');
  const id = idOf(record) ?? '';
  const pid = number(state, 'Pid');
  const sandboxKey = text(settings, 'SandboxKey');
  const error = text(state, 'Error');
  const name = text(record, 'Name') ?? texts(record, 'Names')[0] ?? id.slice(0, 12);
  return {
    id,
    name: name.replace(/^\//, ''),
    ...(pid === undefined || pid === 0 ? {} : { pid }),
    running: state ? state.Running === true : text(record, 'State') === 'running',
    ...(!state || error === undefined || error === ''
      ? {}
      : { startError: { text: error, span: { path, line: lineOf(state) } } }),
    networkMode: text(host, 'NetworkMode') ?? 'default',
    ...(sandboxKey === undefined || sandboxKey === '' ? {} : { sandboxKey }),
    endpoints: endpointsOf(settings),
    published: publishedOf(record, host, settings, path),
    dns: texts(host, 'Dns'),
    span: { path, line: lineOf(record) },
  };
}

/** One for each network; before Docker 1.9 the container's only addresses stand in NetworkSettings itself. */
function endpointsOf(settings: JsonObject | undefined): DockerEndpoint[] {
  const networks = child(settings, 'Networks');
  const endpoints: DockerEndpoint[] = [];
  for (const network of Object.keys(networks ?? {})) {
    const endpoint = child(networks, network);
    if (endpoint) endpoints.push(endpointOf(network, endpoint));
  }
  if (!networks && settings && address(settings, 'IPAddress') !== undefined) {
    endpoints.push(endpointOf('bridge', settings));
  }
  return endpoints;
}

function endpointOf(network: string, record: JsonObject): DockerEndpoint {
  const networkId = text(record, 'NetworkID');
  const ip = address(record, 'IPAddress');
  const length = number(record, 'IPPrefixLen');
  const gateway = address(record, 'Gateway');
  const address6 = address(record, 'GlobalIPv6Address');
  const hardware = mac(record, 'MacAddress');
  return {
    network,
    ...(networkId === undefined || networkId === '' ? {} : { networkId }),
    ...(ip === undefined ? {} : { address: ip }),
    ...(ip === undefined || length === undefined || length > 32 ? {} : { length }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(address6 === undefined ? {} : { address6 }),
    ...(hardware === undefined ? {} : { mac: hardware }),
  };
}

/** What is bound now; for a container that isn't running, what was asked for. */
function publishedOf(
  record: JsonObject,
  host: JsonObject | undefined,
  settings: JsonObject | undefined,
  path: string,
): PublishedPort[] {
  const bound = portsOf(child(settings, 'Ports'), path);
  if (bound.length > 0) return bound;
  const asked = portsOf(child(host, 'PortBindings'), path);
  return asked.length > 0 ? asked : listedPorts(record, path);
}

/** `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}`; null where a port is only exposed. */
function portsOf(ports: JsonObject | undefined, path: string): PublishedPort[] {
  const published: PublishedPort[] = [];
  for (const key of Object.keys(ports ?? {})) {
    const [port, protocol] = key.split('/');
    const containerPort = portNumber(port);
    if (containerPort === undefined) continue;
    for (const binding of objects(list(ports, key))) {
      const hostPort = portNumber(text(binding, 'HostPort'));
      if (hostPort === undefined) continue;
      const span = { path, line: lineOf(binding) };
      add(published, protocol ?? 'tcp', containerPort, text(binding, 'HostIp') ?? '', hostPort, span);
    }
  }
  return published;
}

/** `GET /containers/json`: `"Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]`. */
function listedPorts(record: JsonObject, path: string): PublishedPort[] {
  const published: PublishedPort[] = [];
  for (const item of objects(list(record, 'Ports'))) {
    const inside = number(item, 'PrivatePort');
    const outside = number(item, 'PublicPort');
    if (inside === undefined || outside === undefined) continue;
    const span = { path, line: lineOf(item) };
    add(published, text(item, 'Type') ?? 'tcp', inside, text(item, 'IP') ?? '', outside, span);
  }
  return published;
}

/** Published for all addresses there are two bindings, `0.0.0.0` and `::`; they are one port. */
function add(
  published: PublishedPort[],
  protocol: string,
  containerPort: number,
  hostIp: string,
  hostPort: number,
  span: Span,
): void {
  const parsed: Ip | undefined = parseIp(hostIp);
  const hostAddress = parsed === 0 || parsed === 0n ? undefined : parsed;
  const same = published.some(
    (port) =>
      port.protocol === protocol &&
      port.containerPort === containerPort &&
      port.hostAddress === hostAddress &&
      port.hostPort === hostPort,
  );
  if (same) return;
  published.push({
    protocol,
    containerPort,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    hostPort,
    span,
  });
}

function portNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,5}$/.test(value) && Number(value) > 0 && Number(value) <= 65535
    ? Number(value)
    : undefined;
}
