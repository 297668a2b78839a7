/** What a diagnosis says, in the shape of nettrace-analysis/1: plain data, ready for JSON and for every reporter. */
export interface Evidence {
  path: string;
  line?: number;
  packet?: number;
  text: string;
}

/** What repairs it, tried on the model. */
export interface Fix {
  commands: string[];
  /** Replayed with the fix applied, and the traffic then went through. */
  verified: boolean;
  effect: string;
  /** Flows that were replayed with it and get through, there and back. */
  passing?: number[];
  /** Flows that work and would not any more, each with what then becomes of it. */
  breaks?: { flow: number; text: string }[];
}

/** One cause of trouble, with all flows that fail of it. */
export interface Finding {
  /** Id from the catalogue. */
  cause: string;
  severity: 'error' | 'warning' | 'info';
  /** 0..1 */
  confidence: number;
  title: string;
  explanation: string;
  namespace?: string;
  interface?: string;
  rule?: {
    family: 4 | 6;
    table: string;
    chain: string;
    number: number;
    text: string;
    path: string;
    line: number;
  };
  route?: string;
  sysctl?: string;
  flows: number[];
  /** Flows that were only counted, and fail like those. */
  alike?: number;
  /** Index into `changes`: the moment that ended this trouble, or began it. */
  change?: number;
  evidence: Evidence[];
  fix?: Fix;
  /** What would stop the traffic next, once this is repaired. */
  next?: { cause: string; title: string; commands: string[] };
}
