import { fieldsOf } from '../../skb/fields.ts';
import type { Copy } from '../run.ts';

/** What ipt_mangle_out() and nf_route_table_hook4() compare. */
export function routingKey({ skb }: Copy): string {
  const { source, destination, tos } = fieldsOf(skb);
  return `${source} ${destination} ${tos} ${skb.mark}`;
}
