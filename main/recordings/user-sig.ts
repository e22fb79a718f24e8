import { inflateSync } from 'node:zlib';
import type { UserSigCheck, UserSigVerdict } from '../../shared/request.ts';
import type { Text } from '../../shared/texts/language.ts';

/** A UserSig is a few hundred bytes; anything that inflates to more is not one. */
const MAX_INFLATED_BYTES = 16 * 1024;
/** How far the clock of whoever signed may run ahead of ours. */
const MAX_CLOCK_SKEW_MS = 10 * 60_000;

const GENERATE_ANEW: Text = {
  en: 'Generate a new UserSig on your server for this SdkAppId and UserId and send the request again.',
  zh: '请在服务器上为该 SdkAppId 和 UserId 重新生成 UserSig 后再次发送请求。',
};
const SEND_WHOLE: Text = {
  en: 'Send the UserSig exactly as it was generated: whole, not masked, not URL-encoded.',
  zh: '请原样发送生成的 UserSig：完整、未打码、未经 URL 编码。',
};

interface UserSigContent {
  version: string;
  identifier: string;
  sdkAppId: number;
  /** Milliseconds since 1970. */
  signedAtMs: number;
  expiresAtMs: number;
}

function refuse(rule: string, message: Text, remedy: Text): UserSigVerdict {
  return { ok: false, rule, message, remedy };
}

/** Generators write these numbers as numbers or as decimal texts. */
function toWholeNumber(value: unknown): number | null {
  const number = typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

function inflate(userSig: string): string | null {
  const base64 = userSig.replaceAll('*', '+').replaceAll('-', '/').replaceAll('_', '=');
  try {
    return inflateSync(Buffer.from(base64, 'base64'), { maxOutputLength: MAX_INFLATED_BYTES }).toString('utf8');
  } catch {
    return null;
  }
}

function readContent(json: string): UserSigContent | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return null;
  }
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  const version = fields['TLS.ver'];
  const identifier = fields['TLS.identifier'];
  const sdkAppId = toWholeNumber(fields['TLS.sdkappid']);
  const timeSeconds = toWholeNumber(fields['TLS.time']);
  const expireSeconds = toWholeNumber(fields['TLS.expire']);
  if (typeof version !== 'string' || typeof identifier !== 'string') {
    return null;
  }
  if (sdkAppId === null || timeSeconds === null || expireSeconds === null) {
    return null;
  }
  const signedAtMs = timeSeconds * 1000;
  return { version, identifier, sdkAppId, signedAtMs, expiresAtMs: signedAtMs + expireSeconds * 1000 };
}

/** When a UserSig expires (ms since 1970), or null when it is not one that can be read. Nothing is checked. */
export function userSigExpiresAtMs(userSig: string): number | null {
  const json = inflate(userSig);
  return (json === null ? null : readContent(json))?.expiresAtMs ?? null;
}

function asTime(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? String(epochMs) : date.toISOString();
}

function checkTimes(content: UserSigContent, nowMs: number, maxLengthMs: number): UserSigVerdict {
  const expiry = asTime(content.expiresAtMs);
  const now = asTime(nowMs);
  if (content.expiresAtMs <= nowMs) {
    return refuse(
      'expired',
      {
        en: `UserSig expired at ${expiry}; it is ${now} on the box.`,
        zh: `UserSig 已于 ${expiry} 过期；本机时间为 ${now}。`,
      },
      GENERATE_ANEW,
    );
  }
  if (content.signedAtMs > nowMs + MAX_CLOCK_SKEW_MS) {
    return refuse(
      'notYetValid',
      {
        en: `UserSig was signed in the future, at ${asTime(content.signedAtMs)}; it is ${now} on the box.`,
        zh: `UserSig 的签发时间 ${asTime(content.signedAtMs)} 在未来；本机时间为 ${now}。`,
      },
      {
        en: 'Set the clock of the signing server or of the box right and generate a new UserSig.',
        zh: '请校准签名服务器或本机的时钟，然后重新生成 UserSig。',
      },
    );
  }
  const endsEarly = content.expiresAtMs < nowMs + maxLengthMs;
  return {
    ok: true,
    warning: endsEarly
      ? {
          en: `UserSig expires at ${expiry}, before the longest recording would end: a reconnection after that may fail.`,
          zh: `UserSig 将于 ${expiry} 过期，早于最长录制的结束时间：此后重新连接可能失败。`,
        }
      : null,
  };
}

/**
 * Makes the local check of a UserSig: is it readable, is it this user's and this application's, is it valid now. It needs
 * no key and so cannot prove that the signature itself is right; only the TRTC server does. The texts never hold the UserSig.
 *
 * @param settings.maxLengthMs longest recording; a UserSig that ends sooner is accepted with a warning.
 */
export function createUserSigCheck(settings: { maxLengthMs: number }): UserSigCheck {
  return (userSig, expected) => {
    if (!/^[A-Za-z0-9*_-]+$/.test(userSig)) {
      return refuse(
        'characters',
        {
          en: 'UserSig holds characters that no UserSig has: only letters, digits, *, - and _ occur.',
          zh: 'UserSig 含有不应出现的字符：只能包含字母、数字、*、- 和 _。',
        },
        SEND_WHOLE,
      );
    }
    const json = inflate(userSig);
    if (json === null) {
      return refuse(
        'unreadable',
        { en: 'UserSig cannot be unpacked: it is cut off or changed.', zh: 'UserSig 无法解压：被截断或被改动。' },
        SEND_WHOLE,
      );
    }
    const content = readContent(json);
    if (content === null) {
      return refuse(
        'content',
        {
          en: 'UserSig unpacks, but its content is not that of a UserSig.',
          zh: 'UserSig 可以解压，但内容不是 UserSig。',
        },
        GENERATE_ANEW,
      );
    }
    if (content.version !== '2.0') {
      return refuse(
        'version',
        {
          en: 'UserSig is not of version 2.0, the only one TRTC takes.',
          zh: 'UserSig 不是 TRTC 唯一接受的 2.0 版本。',
        },
        GENERATE_ANEW,
      );
    }
    if (expected.UserId !== null && content.identifier !== expected.UserId) {
      return refuse(
        'otherUser',
        {
          en: 'UserSig was made for another UserId than the one sent.',
          zh: 'UserSig 属于另一个 UserId，与请求中的不同。',
        },
        GENERATE_ANEW,
      );
    }
    if (expected.SdkAppId !== null && content.sdkAppId !== expected.SdkAppId) {
      return refuse(
        'otherApp',
        {
          en: 'UserSig was made for another SdkAppId than the one sent.',
          zh: 'UserSig 属于另一个 SdkAppId，与请求中的不同。',
        },
        GENERATE_ANEW,
      );
    }
    return checkTimes(content, expected.nowMs, settings.maxLengthMs);
  };
}
