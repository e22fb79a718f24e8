/** A refusal in the terms of the object store; becomes its XML error reply. */
export class ServiceError extends Error {
  readonly status: number;
  readonly code: string;
  /** Further elements of the XML error. */
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'ServiceError';
    this.status = status;
    this.code = code;
    this.details = details;
  }
}
