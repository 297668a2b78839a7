export function linearPorts(rules: number, chain?: string): string;
export function linearSources(rules: number, chain?: string): string;
