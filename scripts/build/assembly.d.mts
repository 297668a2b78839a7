export function assembled(root: string, name: 'kernel' | 'count'): Promise<Uint8Array>;
