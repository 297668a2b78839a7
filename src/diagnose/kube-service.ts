/** What the rules of kube-proxy say of a service that has nobody to go to: by the comments of its iptables mode, old and new. */
import type { DecidingStep, Step, Trace } from '../netstack/hop.ts';
import type { Evidence } from './finding.ts';

type RuleStep = Extract<Step, { kind: 'rule' }>;

export interface KubeService {
  /** Names of Kubernetes: lower case letters, digits, `-` and `.`. */
  readonly namespace: string;
  readonly name: string;
  /** Name of the service's port, where it has one. */
  readonly port?: string;
  /** None at all; none on this node, and the policy asks for one; the client is in none of its source ranges. */
  readonly lacks: 'endpoints' | 'local endpoints' | 'permission';
  /** The one that says so. */
  readonly rule: DecidingStep;
  /** Where nftables mode has it: the map's element. */
  readonly element?: Evidence;
}

/** A name of Kubernetes, or several with dots. */
export const LABEL = '[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?';
const SERVICE = `"?(${LABEL})/(${LABEL})(?::(${LABEL}))?`;
const NO_ENDPOINTS = new RegExp(`--comment ${SERVICE} has no (local )?endpoints"?`);
const NOT_ACCEPTED = new RegExp(`--comment ${SERVICE} traffic not accepted by KUBE-FW-`);
const BALANCER = new RegExp(`--comment ${SERVICE} loadbalancer IP"? -j KUBE-MARK-DROP`);

/** The rule that ended the packet says it, or (until 1.23) the one that marked it for KUBE-FIREWALL. */
export function kubeService({ rule, hops }: Pick<Trace, 'rule' | 'hops'>): KubeService | undefined {
  if (rule?.kind !== 'rule') return undefined;
  if (rule.chain !== 'KUBE-FIREWALL') return serviceOf(rule);
  const steps = hops.at(-1)?.steps ?? [];
  // Marking ends no walk: a chain that led here may mark once more for its own reason.
  const sent = steps.find(
    (step): step is RuleStep => step.kind === 'rule' && /-j KUBE-MARK-DROP$/.test(step.text),
  );
  return sent && serviceOf(sent);
}

function serviceOf(rule: RuleStep): KubeService | undefined {
  const none = NO_ENDPOINTS.exec(rule.text);
  const refused = NOT_ACCEPTED.exec(rule.text) ?? BALANCER.exec(rule.text);
  const [, namespace, name, port] = none ?? refused ?? [];
  if (namespace === undefined || name === undefined) return undefined;
  const lacks = refused && !none ? 'permission' : none?.[4] ? 'local endpoints' : 'endpoints';
  return { namespace, name, ...(port !== undefined && { port }), lacks, rule };
}
