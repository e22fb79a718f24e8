import type { Text } from '../texts/language.ts';

/** Who has to act: the caller changes the request, somebody looks after the box, or the destination (COS, callback) has to answer. */
export type Blame = 'caller' | 'box' | 'destination';

export interface CatalogueEntry {
  /** HTTP status. */
  status: number;
  /** What is wrong, in one sentence. */
  message: Text;
  /** What to do about it, in one sentence. */
  remedy: Text;
  blame: Blame;
}
