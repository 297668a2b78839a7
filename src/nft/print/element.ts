/** Elements of sets and maps. */
import type { Style } from '../constant.ts';
import type { SetElement } from '../set.ts';
import { printDuration } from '../time.ts';
import { printExpression } from './expression.ts';
import type { PrintContext } from './rule.ts';
import { printStateful } from './stateful.ts';

/** `styles`: of the key's parts. */
export function printElements(
  elements: readonly SetElement[],
  ctx: PrintContext,
  styles: readonly Style[],
): string {
  return `{ ${elements.map((element) => printElement(element, ctx, styles)).join(', ')} }`;
}

export function printElement(element: SetElement, ctx: PrintContext, styles: readonly Style[]): string {
  const style = styles[0] === 'hex' ? 'hex' : 'set';
  const parts = styles.length > 1 ? styles : undefined;
  return [
    printExpression(element.key, ctx, style, parts),
    ...(element.statements ?? []).map((statement) => printStateful(statement, ctx)),
    ...(element.timeout === undefined ? [] : [`timeout ${printDuration(element.timeout)}`]),
    ...(element.expires === undefined || !ctx.stateful ? [] : [`expires ${printDuration(element.expires)}`]),
    ...(element.comment === undefined ? [] : [`comment "${element.comment}"`]),
    ...(element.data ? [':', printExpression(element.data, ctx)] : []),
  ].join(' ');
}
