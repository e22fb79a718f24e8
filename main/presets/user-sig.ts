import tlsSig from 'tls-sig-api-v2';

/** A UserSig made here is valid for this long at least. */
const SHORTEST_MS = 7 * 24 * 3_600_000;
/** How much longer than the longest recording it is valid, so that it also lets the recorder enter again near the end. */
const MARGIN_MS = 24 * 3_600_000;

/** For whom a UserSig is made. Secret: sdkSecretKey. */
export interface Signing {
  SdkAppId: number;
  sdkSecretKey: string;
  UserId: string;
}

/** Makes the UserSig with which a user enters rooms of an application; secret. It is valid for longer than `outlivesMs`. */
export type MakeUserSig = (signing: Signing, validity: { outlivesMs: number }) => string;

export const makeUserSig: MakeUserSig = ({ SdkAppId, sdkSecretKey, UserId }, { outlivesMs }) => {
  const validMs = Math.max(SHORTEST_MS, outlivesMs + MARGIN_MS);
  return new tlsSig.Api(SdkAppId, sdkSecretKey).genUserSig(UserId, Math.ceil(validMs / 1000));
};
