import { formatIp } from '../../net/ip.ts';
import { type Case, type ModelDrop, netnsOf } from '../case.ts';
import { describeSighting, findingRule, seenAt } from '../evidence.ts';
import { type KubeService, kubeService } from '../kube-service.ts';
import { kubeServiceInNft } from '../kube-service-nft.ts';
import { modelCause, type Told } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const fltK8sServiceDrop = modelCause({
  id: 'flt-k8s-service-drop',
  title: 'A Kubernetes service has nobody to go to on this node',
  severity: 'error',
  page: () => ({
    symptom:
      'A cluster address is refused at once ("Connection refused"); a node port or load balancer is dead on some nodes and works on others.',
    mechanism:
      'kube-proxy writes a rule in place of the service’s chain where it has no endpoint to choose from. Without any endpoint the packet is rejected (ICMP port unreachable). With externalTrafficPolicy: Local, outside traffic may only go to pods of this node; where there is none it is dropped: since 1.24 by a DROP in KUBE-EXTERNAL-SERVICES, before by mark 0x8000 (KUBE-MARK-DROP) and KUBE-FIREWALL. In nftables mode the maps no-endpoint-services and no-endpoint-nodeports of table kube-proxy lead to a drop or a reject.',
    check:
      'iptables-save -c | grep -E "has no (local )?endpoints|traffic not accepted" (whose counter grows); kubectl get endpointslices -l kubernetes.io/service-name=NAME; kubectl get service NAME -o yaml (selector, externalTrafficPolicy)',
    proof:
      'The packet meets a rule of kube-proxy whose comment says that the service has no endpoints, or none on this node; the refusal comes from the node, and no pod sees the packet.',
    refutation:
      'The packet gets a pod’s address (KUBE-SEP-…), or it is refused by the pod itself: then the pod doesn’t listen. The rule’s counter stays.',
    settledBy: [
      'iptables-save -c (iptables-legacy-save -c)',
      'nft list table ip kube-proxy',
      'kubectl get endpointslices -A',
      'kubectl get service NAME -o yaml',
      'kubectl get pods -o wide --show-labels',
    ],
    repair:
      'Get a pod ready that the selector fits. For the Local policy: a pod on each node that is sent to (a DaemonSet), a balancer that heeds healthCheckNodePort, or externalTrafficPolicy: Cluster, which hides the client’s address.',
    references: [
      'kube-proxy: pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go, syncProxyRules()',
      'net/ipv4/netfilter/ipt_REJECT.c: reject_tg()',
      'iptables-extensions(8): comment, REJECT',
      'kubernetes/kubernetes#66354',
      'kubernetes/kubernetes#92761',
    ],
  }),
  from: [
    'flt-rule-drop',
    'flt-reject',
    'flt-input-drop',
    'flt-input-blocks-container',
    'flt-output-drop',
    'flt-forward-policy-drop',
    'flt-legacy-nft-mix',
  ],
  tell(kase, drop) {
    const service = kubeService(drop.trace) ?? kubeServiceInNft(netnsOf(kase, drop.namespace), drop.trace);
    return drop.direction === 'forward' && service ? told(kase, drop, service) : undefined;
  },
});

function told(kase: Case, drop: ModelDrop, service: KubeService): Told {
  const { refusal } = kase.outcome;
  const where = nameOf(kase, drop.namespace);
  const rule = findingRule(kase, drop.namespace, service.rule);
  const name = `service ${service.namespace}/${service.name}${service.port === undefined ? '' : `, port ${service.port},`}`;
  const decided = drop.trace.rule;
  // Where the deciding rule is KUBE-FIREWALL's it is cited anyway; this is the one that sent the packet there.
  const sent =
    service.rule === decided
      ? []
      : [
          {
            path: rule.path,
            line: rule.line,
            text: `${rule.table} ${rule.chain} rule ${rule.number}: ${rule.text}`,
          },
        ];
  return {
    ...WORDS[service.lacks](name, where, service, formatIp(kase.flow.client.address)),
    rule,
    replay: false,
    evidence: [
      ...(refusal ? [seenAt(kase, refusal, `the refusal ${describeSighting(refusal)}`)] : []),
      ...sent,
      ...(service.element ? [service.element] : []),
    ],
  };
}

type Words = (
  name: string,
  where: string,
  service: KubeService,
  client: string,
) => Pick<Told, 'title' | 'explanation' | 'fix' | 'effect'>;

const WORDS: Readonly<Record<KubeService['lacks'], Words>> = {
  endpoints: (name, where, { namespace, name: own }) => ({
    title: `the ${name} has no endpoints: ${where} refuses what is for it`,
    explanation: `kube-proxy knows no ready pod behind the ${name} so ${where} answers for it, and says that nobody is there. Its rules are right; the cluster has no pod for them.`,
    fix: [],
    effect:
      `\`kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${own}\` shows which pods are behind it. Empty: no pod has the labels of its selector (\`kubectl -n ${namespace} get service ${own} -o jsonpath={.spec.selector}\`), correct the selector or schedule a pod. ` +
      'Not ready: see the pod’s readiness probe. kube-proxy takes the rule away by itself.',
  }),
  'local endpoints': (name, where, { namespace, name: own }) => ({
    title: `the ${name} has no pod on ${where}, and its externalTrafficPolicy is Local: ${where} drops what is for it`,
    explanation: `With externalTrafficPolicy: Local a node sends outside traffic of a service to its own pods only. Of the ${name} there is none on this node, so ${where} drops the packet, and the client sees a timeout.`,
    fix: [
      {
        namespace: 'host',
        text: `kubectl -n ${namespace} patch service ${own} -p '{"spec":{"externalTrafficPolicy":"Cluster"}}'`,
      },
    ],
    effect:
      'Policy Cluster sends it to pods of other nodes, with the node’s address as the client. To keep client addresses, schedule a pod on this node (a DaemonSet on all that are sent to), or have the balancer heed the service’s healthCheckNodePort and leave this node out.',
  }),
  permission: (name, where, { namespace, name: own }, client) => ({
    title: `the ${name} does not let ${client} in: its loadBalancerSourceRanges have no such address`,
    explanation: `The ${name} is a load balancer with loadBalancerSourceRanges. ${client} is in none of them, so ${where} drops the packet, and the client sees a timeout. Where the balancer or another node hides the client, it is that address which has to be in the list.`,
    fix: [],
    effect: `Add the client’s network: \`kubectl -n ${namespace} edit service ${own}\`, spec.loadBalancerSourceRanges.`,
  }),
};
