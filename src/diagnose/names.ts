import { once } from '../base/memo.ts';
import type { Flow, Sighting } from '../correlate/flow.ts';
import { isLoopback, ownersOf } from '../correlate/owner.ts';
import type { Correlation } from '../correlate/scan.ts';
import type { Ip } from '../net/ip.ts';
import type { Scene } from './case.ts';

export interface NameAnswer {
  readonly name: string;
  readonly type: number;
  readonly rcode: number;
  readonly addresses: readonly Ip[];
  readonly sighting: Sighting;
  readonly flow: Flow;
}

const A = 1;
const AAAA = 28;

/** Every DNS answer that was captured, once (a point may see it again). */
export function nameAnswers(scene: Scene): readonly NameAnswer[] {
  return answersIn(scene.correlation);
}

const answersIn = once((correlation: Correlation): readonly NameAnswer[] => {
  const seen = new Set<string>();
  const answers: NameAnswer[] = [];
  for (const flow of correlation.flows) {
    for (const leg of flow.legs) {
      for (const sighting of leg.reply.kept) {
        const { dns } = sighting;
        const question = dns?.questions[0];
        if (!dns?.response || !question) continue;
        const key = `${flow.id} ${dns.id} ${question.name} ${question.type}`;
        if (seen.has(key)) continue;
        seen.add(key);
        answers.push({
          name: normalName(question.name),
          type: question.type,
          rcode: dns.rcode,
          addresses: dns.answers.flatMap((answer) =>
            (answer.type === A || answer.type === AAAA) && answer.address !== undefined
              ? [answer.address]
              : [],
          ),
          sighting,
          flow,
        });
      }
    }
  }
  return answers;
});

/** Answers that a namespace got for a name. */
export function answersOf(scene: Scene, namespace: string, name: string): NameAnswer[] {
  const wanted = normalName(name);
  return nameAnswers(scene).filter(
    (answer) =>
      (answer.name === wanted || answer.name.startsWith(`${wanted}.`)) &&
      (isLoopback(answer.flow.client.address) ||
        ownersOf(scene.snapshot, answer.flow.client.address).some(({ netns }) => netns.name === namespace)),
  );
}

function normalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
