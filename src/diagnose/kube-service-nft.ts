/** The same in kube-proxy's nftables mode: elements of two maps, each with its service in a comment. */
import { type Ip, parseIp } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Header, Trace } from '../netstack/hop.ts';
import { constantOf } from '../nft/elements.ts';
import type { SetElement } from '../nft/set.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { type KubeService, LABEL } from './kube-service.ts';

/** Keys are address, protocol and port of a service, or protocol and port of a node port. */
const MAP = /vmap @(no-endpoint-(?:services|nodeports))\b/;
const COMMENT = new RegExp(`^(${LABEL})/(${LABEL})(?::(${LABEL}))?$`);

export function kubeServiceInNft(
  netns: Netns | undefined,
  { rule, hops, final }: Pick<Trace, 'rule' | 'hops' | 'final'>,
): KubeService | undefined {
  if (rule?.kind !== 'nft-rule' || rule.table !== 'kube-proxy') return undefined;
  // A rejection ends in a chain of its own, that the map leads to.
  const asked = hops
    .at(-1)
    ?.steps.findLast((step) => step.kind === 'nft-rule' && step.table === rule.table && MAP.test(step.text));
  const map = asked?.kind === 'nft-rule' ? MAP.exec(asked.text)?.[1] : undefined;
  const table = netns?.nft?.tables.find(({ family, name }) => family === rule.family && name === rule.table);
  const set = table?.sets.find(({ name }) => name === map);
  const element = set?.elements.find((each) => isOf(each, final));
  const [, namespace, name, port] = COMMENT.exec(element?.comment ?? '') ?? [];
  if (!set || asked?.kind !== 'nft-rule' || namespace === undefined || name === undefined) return undefined;
  const { path, line } = set.span;
  return {
    ...{ namespace, name, ...(port !== undefined && { port }) },
    lacks: rule === asked || !/^reject\b/.test(rule.text) ? 'local endpoints' : 'endpoints',
    rule: asked,
    element: {
      path,
      line,
      text: `map ${set.name}: the element of this port has the comment "${element?.comment}"`,
    },
  };
}

function isOf({ key }: SetElement, { destination, destinationPort, protocol }: Header): boolean {
  const parts = key.kind === 'concat' ? key.parts : [key];
  const values = parts.map((part) => constantOf(part));
  const address: Ip | undefined = parseIp(destination);
  const number: number | undefined =
    typeof protocol === 'number' ? protocol : PROTOCOL[protocol as keyof typeof PROTOCOL];
  if (address === undefined || number === undefined || destinationPort === undefined) return false;
  const wanted = [BigInt(address), BigInt(number), BigInt(destinationPort)];
  return values.length > 0 && wanted.slice(-values.length).every((value, index) => values[index] === value);
}
