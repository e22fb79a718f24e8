import type { Language, Text } from './texts/language.ts';

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

/** Every error the box answers with, by code. Codes are part of the API: they are added, never renamed. */
export const ERRORS = {
  INVALID_REQUEST: {
    status: 400,
    blame: 'caller',
    message: {
      en: 'The request breaks one or more rules; every broken field is listed in "errors".',
      zh: '请求不符合规则；所有有问题的字段都列在 "errors" 中。',
    },
    remedy: {
      en: 'Correct the listed fields and send the request again.',
      zh: '请修正列出的字段后重新发送请求。',
    },
  },
  NOT_JSON: {
    status: 400,
    blame: 'caller',
    message: { en: 'The body is not JSON in UTF-8.', zh: '请求体不是 UTF-8 编码的 JSON。' },
    remedy: {
      en: 'Send one JSON object, for example {"SdkAppId":1400000000,…}, encoded in UTF-8 and not compressed.',
      zh: '请发送一个 UTF-8 编码、未压缩的 JSON 对象，例如 {"SdkAppId":1400000000,…}。',
    },
  },
  FORBIDDEN_ORIGIN: {
    status: 403,
    blame: 'caller',
    message: {
      en: 'The request comes from a web page of another site, or reaches the box under an unknown host name.',
      zh: '请求来自其他网站的网页，或使用了未知的主机名访问本机。',
    },
    remedy: {
      en: "Open the box by its own address (127.0.0.1 or localhost), or call it from a program instead of another site's page.",
      zh: '请使用本机地址（127.0.0.1 或 localhost）访问，或由程序而不是其他网站的网页调用。',
    },
  },
  NOT_FOUND: {
    status: 404,
    blame: 'caller',
    message: { en: 'There is no recording with this id.', zh: '没有该 id 对应的录制。' },
    remedy: {
      en: 'Take the id from the reply to your request (header x-scf-reqid) or from GET /api/recordings.',
      zh: '请使用提交请求时返回的 id（响应头 x-scf-reqid）或 GET /api/recordings 中的 id。',
    },
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    message: { en: 'There is nothing at this address.', zh: '该地址不存在。' },
    remedy: {
      en: 'Recordings are started by POST / or POST /api/recordings; docs/api.md lists every address.',
      zh: '请通过 POST / 或 POST /api/recordings 发起录制；所有地址见 docs/api.md。',
    },
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    blame: 'caller',
    message: { en: 'This address does not take this HTTP method.', zh: '该地址不支持此 HTTP 方法。' },
    remedy: {
      en: 'Use one of the methods in the Allow header.',
      zh: '请使用响应头 Allow 中列出的方法。',
    },
  },
  REQUEST_TIMEOUT: {
    status: 408,
    blame: 'caller',
    message: { en: 'The request did not arrive in full in time.', zh: '请求未能在时限内完整到达。' },
    remedy: {
      en: 'Send the whole request at once; check the line between caller and box.',
      zh: '请一次性发送完整请求，并检查调用方与本机之间的网络。',
    },
  },
  ALREADY_RECORDING: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'This room is already being recorded with this UserId; a second entry would kick the first recorder out.',
      zh: '该房间正在以此 UserId 录制；再次进房会把正在录制的用户踢出房间。',
    },
    remedy: {
      en: 'Follow the running recording ("runningId"), stop it first, or use another UserId.',
      zh: '请查看正在进行的录制（"runningId"），先停止它，或更换 UserId。',
    },
  },
  NOT_RUNNING: {
    status: 409,
    blame: 'caller',
    message: { en: 'The recording is not in a state that allows this.', zh: '录制当前的状态不允许此操作。' },
    remedy: {
      en: 'Look at the state of the recording by GET /api/recordings/:id.',
      zh: '请通过 GET /api/recordings/:id 查看录制状态。',
    },
  },
  NO_CALLBACK: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'The request of this recording named no Callback, so there is nobody to send the result to.',
      zh: '该录制的请求没有提供 Callback，结果无处发送。',
    },
    remedy: {
      en: 'Read the result by GET /api/recordings/:id, and send Callback with the next request.',
      zh: '请通过 GET /api/recordings/:id 读取结果，并在下次请求中提供 Callback。',
    },
  },
  CALLBACK_NOT_READY: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'The recording is not over yet, so there is no result to send again.',
      zh: '录制尚未完成，还没有可以重新发送的结果。',
    },
    remedy: {
      en: 'Wait until its state is notifying, done or failed.',
      zh: '请等待其状态变为 notifying、done 或 failed。',
    },
  },
  COS_CREDENTIALS_MISSING: {
    status: 409,
    blame: 'caller',
    message: { en: 'The box has no COS credentials of its own.', zh: '本机没有保存 COS 密钥。' },
    remedy: {
      en: 'Store a pair with PUT /api/cos-credentials first, or give the recording keys of its own.',
      zh: '请先用 PUT /api/cos-credentials 保存密钥，或为该录制提供单独的密钥。',
    },
  },
  BODY_TOO_LARGE: {
    status: 413,
    blame: 'caller',
    message: { en: 'The body is larger than 64 KB.', zh: '请求体超过 64 KB。' },
    remedy: {
      en: 'Send only the fields of the contract; a normal request is under 2 KB.',
      zh: '请只发送约定的字段；正常请求小于 2 KB。',
    },
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    blame: 'caller',
    message: {
      en: 'The body is not labelled as JSON, or it is compressed.',
      zh: '请求体未标明为 JSON，或已被压缩。',
    },
    remedy: {
      en: 'Send the header content-type: application/json and an uncompressed body.',
      zh: '请发送请求头 content-type: application/json，且不要压缩请求体。',
    },
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    blame: 'caller',
    message: {
      en: 'This Idempotency-Key was used before with a different request.',
      zh: '该 Idempotency-Key 曾用于内容不同的请求。',
    },
    remedy: {
      en: 'Use a new key for a new recording; repeat a request only with its own key.',
      zh: '新的录制请使用新的 key；重复请求时请使用它原来的 key。',
    },
  },
  INTERNAL: {
    status: 500,
    blame: 'box',
    message: { en: 'The box failed to handle the request.', zh: '本机处理请求时出错。' },
    remedy: {
      en: 'Try again; if it stays, look for the request id in the log and report it.',
      zh: '请重试；若问题依旧，请在日志中查找该请求 id 并反馈。',
    },
  },
  ADDON_MISSING: {
    status: 503,
    blame: 'box',
    message: {
      en: "The TRTC SDK's native addon (trtc_electron_sdk.node) is not installed, so no real room can be entered.",
      zh: '未安装 TRTC SDK 的原生模块（trtc_electron_sdk.node），无法进入真实房间。',
    },
    remedy: {
      en: 'Run "npm rebuild trtc-electron-sdk" on a machine that reaches web.sdk.qcloud.com, or start the box with --rooms simulated.',
      zh: '请在可以访问 web.sdk.qcloud.com 的机器上运行 "npm rebuild trtc-electron-sdk"，或以 --rooms simulated 启动。',
    },
  },
  FFMPEG_MISSING: {
    status: 503,
    blame: 'box',
    message: { en: 'No working ffmpeg was found, so nothing can be encoded.', zh: '没有找到可用的 ffmpeg，无法编码。' },
    remedy: {
      en: 'Install ffmpeg with libx264 and libmp3lame, or set FFMPEG_PATH to it, and start the box again.',
      zh: '请安装带 libx264 和 libmp3lame 的 ffmpeg，或用 FFMPEG_PATH 指定其路径，然后重新启动。',
    },
  },
  AT_CAPACITY: {
    status: 503,
    blame: 'box',
    message: {
      en: 'The box records as many rooms as it can carry; running recordings are never cut short for a new one.',
      zh: '本机的录制数已达上限；不会为新任务中断正在进行的录制。',
    },
    remedy: {
      en: 'Send the request again after the seconds in Retry-After, or send it to another box.',
      zh: '请在 Retry-After 指定的秒数后重试，或发送到其他机器。',
    },
  },
  SHUTTING_DOWN: {
    status: 503,
    blame: 'box',
    message: { en: 'The box is shutting down and takes no new recordings.', zh: '本机正在关闭，不再接受新的录制。' },
    remedy: {
      en: 'Send the request again once the box is back.',
      zh: '请在本机恢复后重新发送请求。',
    },
  },
  DISK_RESERVE: {
    status: 507,
    blame: 'box',
    message: {
      en: 'The free disk space is at its reserve; a new recording could endanger the ones already kept.',
      zh: '磁盘剩余空间已达保留下限；新的录制可能危及已保存的录制。',
    },
    remedy: {
      en: 'Free disk space, or let the waiting uploads finish, and send the request again.',
      zh: '请释放磁盘空间，或等待上传完成后重新发送请求。',
    },
  },
  DISK_AWAY: {
    status: 507,
    blame: 'box',
    message: {
      en: 'The folder of the recordings is missing: its disk is unplugged or not mounted.',
      zh: '找不到录制目录：所在磁盘已拔出或未挂载。',
    },
    remedy: {
      en: 'Connect and mount the disk, then send the request again; when the folder was removed for good, start the box again.',
      zh: '请连接并挂载该磁盘后重新发送请求；如果目录已被永久删除，请重新启动本机。',
    },
  },
  DISK_FAULT: {
    status: 507,
    blame: 'box',
    message: {
      en: 'The box cannot write to the disk of its data directory, so it cannot promise to keep the request. Nothing was accepted.',
      zh: '本机无法写入数据目录所在的磁盘，不能保证保存该请求。请求未被接受。',
    },
    remedy: {
      en: 'Check whether that disk is full, read-only or broken, then send the request again.',
      zh: '请检查该磁盘是否已满、只读或损坏，然后重新发送请求。',
    },
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** One broken rule of a request. Never holds a secret: `value` is left out for secret fields and for values that contain one. */
export interface FieldError {
  /** Path in the body (`CosConfig.Bucket`), the name of a header, or empty for the body as a whole. */
  field: string;
  /** Short stable name of the broken rule. */
  rule: string;
  message: Text;
  remedy: Text;
  value?: string | number | boolean;
}

/** RFC 9457 problem details as the box sends them (`application/problem+json`). */
export interface ProblemJson {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  remedy: string;
  errors?: { field: string; rule: string; message: string; remedy: string; value?: string | number | boolean }[];
  /** With ALREADY_RECORDING: id of the recording that runs. */
  runningId?: string;
  /** With AT_CAPACITY and SHUTTING_DOWN: seconds after which another try makes sense; also the Retry-After header. */
  retryAfterSeconds?: number;
  /** With INTERNAL: what to look for in the log. */
  requestId?: string;
}

/** What a part of the box says when it cannot do what was asked; the HTTP face turns it into a ProblemJson. */
export interface Problem {
  code: ErrorCode;
  /** Facts of this one case, in place of the catalogue's message. No secret. */
  detail?: Text | undefined;
  errors?: readonly FieldError[] | undefined;
  runningId?: string | undefined;
  retryAfterSeconds?: number | undefined;
  requestId?: string | undefined;
}

/** Seconds to wait when whoever raised a 503 named none. */
const DEFAULT_RETRY_AFTER_SECONDS = 30;

/** The seconds for the Retry-After header of this problem; null when the header does not belong on it. */
export function retryAfterSecondsOf(problem: Problem): number | null {
  if (problem.retryAfterSeconds !== undefined) {
    return Math.max(1, Math.ceil(problem.retryAfterSeconds));
  }
  return problem.code === 'AT_CAPACITY' || problem.code === 'SHUTTING_DOWN' ? DEFAULT_RETRY_AFTER_SECONDS : null;
}

/** URI that names the kind of problem, stable over versions and languages. */
export function problemType(code: ErrorCode): string {
  return `urn:trtc-recorder-box:problem:${code.toLowerCase().replaceAll('_', '-')}`;
}

/** The reply body for a problem in the caller's language. */
export function toProblemJson(problem: Problem, language: Language): ProblemJson {
  const entry: CatalogueEntry = ERRORS[problem.code];
  const body: ProblemJson = {
    type: problemType(problem.code),
    title: entry.message[language],
    status: entry.status,
    detail: (problem.detail ?? entry.message)[language],
    code: problem.code,
    remedy: entry.remedy[language],
  };
  if (problem.errors !== undefined) {
    body.errors = problem.errors.map((error) => ({
      ...error,
      message: error.message[language],
      remedy: error.remedy[language],
    }));
  }
  if (problem.runningId !== undefined) {
    body.runningId = problem.runningId;
  }
  const retryAfterSeconds = retryAfterSecondsOf(problem);
  if (retryAfterSeconds !== null) {
    body.retryAfterSeconds = retryAfterSeconds;
  }
  if (problem.requestId !== undefined) {
    body.requestId = problem.requestId;
  }
  return body;
}
