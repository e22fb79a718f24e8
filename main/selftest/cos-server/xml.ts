import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { ServiceError } from './service-error.ts';

const builder = new XMLBuilder({ suppressEmptyNode: false });
const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Part' });

/** An XML document; text is escaped, arrays become repeated elements. */
export function xmlDocument(root: string, content: Record<string, unknown>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: content })}`;
}

/** The body of an error reply. */
export function errorDocument(error: ServiceError, resource: string, requestId: string): string {
  return xmlDocument('Error', {
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource: resource,
    RequestId: requestId,
    TraceId: Buffer.from(requestId).toString('base64'),
  });
}

export interface CompletedPart {
  number: number;
  /** Quotes removed. */
  etag: string;
}

/** Reads the body of Complete Multipart Upload, in the order sent. Throws `MalformedXML`. */
export function parseComplete(body: string): CompletedPart[] {
  const malformed = new ServiceError(400, 'MalformedXML', 'The XML you provided was not well-formed');
  if (XMLValidator.validate(body) !== true) throw malformed;
  const document: unknown = parser.parse(body);
  const parts = child(child(document, 'CompleteMultipartUpload'), 'Part');
  if (!Array.isArray(parts) || parts.length === 0) throw malformed;
  return parts.map((part: unknown) => {
    const number = child(part, 'PartNumber');
    const etag = child(part, 'ETag');
    if (typeof number !== 'string' || !/^\d{1,9}$/.test(number) || typeof etag !== 'string') throw malformed;
    return { number: Number(number), etag: etag.trim().replace(/^"|"$/g, '') };
  });
}

function child(node: unknown, name: string): unknown {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, name)) return undefined;
  return (node as Record<string, unknown>)[name];
}
