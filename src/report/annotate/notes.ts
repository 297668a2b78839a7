/** What is said of single packets: answers that are none, and what findings cite. */
import { printable } from '../../base/printable.ts';
import type { AnalyzeResult } from '../../diagnose/analyze.ts';
import type { Evidence, Finding } from '../../diagnose/finding.ts';
import { refusals } from './refusals.ts';

/** Of each capture, by the number of the packet in it. */
export type SingleNotes = readonly ReadonlyMap<number, readonly string[]>[];

export function singleNotes(result: AnalyzeResult): SingleNotes {
  const { scene } = result;
  const notes = scene.inputs.captures.map(() => new Map<number, string[]>());
  const say = (input: number, number: number, text: string): void => {
    const of = notes[input];
    const known = of?.get(number);
    if (!known) of?.set(number, [text]);
    else if (!known.includes(text)) known.push(text);
  };
  for (const diagnosed of result.flows) {
    for (const { sighting, text } of refusals(result, diagnosed)) {
      const point = scene.correlation.points[sighting.point];
      if (point && point.traced === undefined) say(point.input, sighting.number, text);
    }
  }
  const inputs = new Map(scene.inputs.captures.map(({ path }, index) => [path, index]));
  for (const [index, finding] of result.findings.entries()) {
    for (const evidence of finding.evidence) {
      const input = inputs.get(evidence.path);
      if (input !== undefined && evidence.packet !== undefined)
        say(input, evidence.packet, evidenceText(finding, evidence, index));
    }
  }
  return notes;
}

function evidenceText({ cause, title }: Finding, { text }: Evidence, index: number): string {
  return printable(`evidence: ${text}; finding ${index + 1}: ${title}; cause ${cause}`);
}
