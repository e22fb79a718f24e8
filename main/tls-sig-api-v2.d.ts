declare module 'tls-sig-api-v2' {
  /** The part of the vendor's signing package that the box uses. */
  class Api {
    constructor(sdkAppId: number, sdkSecretKey: string);
    /** `expireSeconds` counts from now, by the clock of the machine. */
    genUserSig(userId: string, expireSeconds: number): string;
  }
  const tlsSig: { Api: typeof Api };
  export = tlsSig;
}
