export interface ErrorRow {
  /** HTTP status where the error ends an HTTP request. */
  readonly status: number;
  /** JSON-RPC code where the error answers a JSON-RPC request. */
  readonly rpc: number;
  /** Stable `data.reason` of a JSON-RPC error and the last part of a problem's `type`. */
  readonly reason: string;
  /** One sentence for the caller: what is wrong and, where it helps, what to do. */
  readonly text: string;
}
