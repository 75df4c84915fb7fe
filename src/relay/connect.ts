/** A lease, made ready for one client: narrowed to the tools it may use. Eras that differ meet a bridge here. */
import type { Lease, LeaseRequest, Pool } from '../instance/pool/pool.ts';
import { narrowTools, type ToolFilter } from './narrow-tools.ts';

/** `mayUse` is undefined where nothing is narrowed; the bare lease then carries every message at no cost. */
export async function connect(
  pool: Pool,
  request: LeaseRequest,
  mayUse: ToolFilter | undefined,
): Promise<Lease> {
  const lease = await pool.lease(request);
  return mayUse === undefined ? lease : narrowTools(lease, mayUse);
}
