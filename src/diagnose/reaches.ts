/** A request that nobody sent: would it arrive, and its answer come back? */
import { unseenFlow } from '../correlate/merge.ts';
import { predict } from '../correlate/predict.ts';
import { familyOf, type Ip } from '../net/ip.ts';
import { type Case, netnsOf } from './case.ts';
import { passes } from './passes.ts';

/** The flow's protocol and client port, from `namespace` to another address and port; by the model, on the dumps as they are. */
export function reaches(kase: Case, namespace: string, to: Ip, port: number): boolean {
  const { client, protocol, start } = kase.flow;
  const family = familyOf(to);
  const source = netnsOf(kase, namespace)
    ?.links?.filter(({ name }) => name !== 'lo')
    .flatMap(({ addresses }) => addresses)
    .find(({ address, scope }) => familyOf(address) === family && scope === 'global')?.address;
  if (source === undefined) return false;
  const ends = [
    { address: source, port: client.port },
    { address: to, port },
  ] as const;
  const flow = unseenFlow(-1, family, protocol, ...ends, start);
  const prediction = predict(kase.predictor, flow, { hypothetical: true, from: namespace });
  return prediction !== undefined && passes({ ...kase, flow, prediction, kernel: [], hypothetical: true });
}
