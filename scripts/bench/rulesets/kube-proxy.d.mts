export function kubeProxy(rules: number, more?: readonly string[]): string;
export function servicesOf(rules: number): number;
export function serviceAddress(index: number): string;
export function servicePort(index: number): number;
export function endpointAddress(service: number, endpoint: number): string;
