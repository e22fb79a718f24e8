import { crc64Combine } from '../crc64.ts';
import type { ObjectFacts, Receipt } from './cos-client.ts';
import { CosError } from './cos-error.ts';
import type { UploadedPart } from './journal.ts';

/** What proves that bytes arrived. COS's success status does not: portals and proxies send that too. */
export interface Expected {
  bytes: number;
  /** CRC-64/XZ, decimal text. */
  crc64: string;
}

/** Size and checksum that the object made of these parts, in this order, must have. */
export function expectedOf(parts: readonly UploadedPart[]): Expected {
  let crc64 = '0';
  let bytes = 0;
  for (const part of parts) {
    crc64 = crc64Combine(crc64, part.crc64, part.length);
    bytes += part.length;
  }
  return { bytes, crc64 };
}

/** Whether COS holds exactly the expected bytes. */
export function proves(facts: ObjectFacts | null, expected: Expected): facts is ObjectFacts {
  return facts !== null && facts.bytes === expected.bytes && facts.crc64 === expected.crc64;
}

/** Throws when COS computed another checksum than we did; one it does not send is left to HEAD. */
export function checkReceipt(receipt: Receipt, crc64: string, operation: 'uploadPart' | 'putObject'): void {
  if (receipt.crc64 === null || receipt.crc64 === crc64) return;
  const message = 'COS computed another CRC-64 than we did';
  const requestId = receipt.requestId ?? undefined;
  throw new CosError({ origin: 'reply', code: 'CrcMismatch', message, operation, requestId });
}

export function objectMismatch(): CosError {
  const message = 'The object in COS is missing or differs from the file in size or CRC-64';
  return new CosError({ origin: 'reply', code: 'ObjectMismatch', message, operation: 'head' });
}
