/** What a report's drawing of the topology has on it: the way of the first finding's flow, and the place where it died. */
import type { Analysis, AnalysisFlow } from '../analysis.ts';
import { flowRails } from '../text/flow-path.ts';
import type { RailRow } from '../text/rail.ts';
import type { DrawingMark, DrawingOptions } from './drawing.ts';
import { deathOfHops, pathOfHops } from './passes.ts';

export function incidentOf(analysis: Analysis): DrawingOptions {
  const [first] = analysis.findings;
  const flow = analysis.flows.find(({ id, predicted }) => predicted.length > 0 && first?.flows.includes(id));
  if (!flow) return {};
  const { predicted, verdict, predictedReply = [] } = flow;
  const death = deathOf(flow, analysis);
  return {
    ...(death && { marks: [death] }),
    paths: [
      pathOfHops(predicted, verdict),
      ...(predictedReply.length > 0 ? [pathOfHops(predictedReply, undefined, 'back')] : []),
    ],
  };
}

/** None where the captures saw the packet beyond: then the path has it as doubtful. */
function deathOf(flow: AnalysisFlow, analysis: Analysis): DrawingMark | undefined {
  const { predicted, predictedReply = [], failing, sightings } = flow;
  const asIs = (text: string) => text;
  const { there, back } = flowRails(
    { ...flow, sightings: failing?.sightings ?? sightings },
    { analysis, nameOf: asIs, shorten: asIs },
    false,
  );
  const isDead = (rows: readonly RailRow[]) => rows.some(({ mark }) => mark === 'death');
  if (isDead(there)) return deathOfHops(predicted);
  return isDead(back) ? deathOfHops(predictedReply) : undefined;
}
