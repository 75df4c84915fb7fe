/** Byte offsets, the end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}
