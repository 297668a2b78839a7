export interface Service {
  readonly title: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly nodePort: number | undefined;
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
}
export function kubeProxy(
  wanted: number,
  options?: { readonly more?: readonly string[]; readonly seed?: number },
): { readonly text: string; readonly services: readonly Service[]; readonly rules: number };
