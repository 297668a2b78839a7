export function kernelModule(root: string): Promise<Uint8Array>;
