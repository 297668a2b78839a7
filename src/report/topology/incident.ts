/** What a report's drawing of the topology has on it: the way of the first finding's flow, and the place where it died. */
import type { Analysis } from '../analysis.ts';
import type { DrawingOptions } from './drawing.ts';
import { deathOfHops, pathOfHops } from './passes.ts';

export function incidentOf({ findings, flows }: Analysis): DrawingOptions {
  const [first] = findings;
  const flow = flows.find(({ id, predicted }) => predicted.length > 0 && first?.flows.includes(id));
  if (!flow) return {};
  const { predicted, verdict, predictedReply = [] } = flow;
  const death = deathOfHops(predicted) ?? deathOfHops(predictedReply);
  return {
    ...(death && { marks: [death] }),
    paths: [
      pathOfHops(predicted, verdict),
      ...(predictedReply.length > 0 ? [pathOfHops(predictedReply, undefined, 'back')] : []),
    ],
  };
}
