/** What became of a flow, by its packets and by what explains it. */
export type FlowStatus = 'delivered' | 'no-reply' | 'dropped' | 'rejected' | 'degraded' | 'unknown';

export const STATUSES: readonly FlowStatus[] = [
  'delivered',
  'no-reply',
  'dropped',
  'rejected',
  'degraded',
  'unknown',
];
