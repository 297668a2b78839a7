export const STATUSES = ['delivered', 'no-reply', 'dropped', 'rejected', 'degraded', 'unknown'] as const;

export type FlowStatus = (typeof STATUSES)[number];
