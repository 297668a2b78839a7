export type FlowStatus = 'delivered' | 'no-reply' | 'dropped' | 'rejected' | 'degraded' | 'unknown';
