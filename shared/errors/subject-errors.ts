import type { CatalogueEntry } from './entry.ts';

/** What was asked for is not there, or not in a state that allows it. Codes are part of the API: they are added, never renamed. */
export const SUBJECT_ERRORS = {
  NOT_FOUND: {
    status: 404,
    blame: 'caller',
    message: { en: 'There is no recording with this id.', zh: '没有该 id 对应的录制。' },
    remedy: {
      en: 'Take the id from the reply to your request (header x-scf-reqid) or from GET /api/recordings.',
      zh: '请使用提交请求时返回的 id（响应头 x-scf-reqid）或 GET /api/recordings 中的 id。',
    },
  },
  TOKEN_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    message: { en: 'There is no access token with this name.', zh: '没有该名称的访问令牌。' },
    remedy: {
      en: 'Take the name from GET /api/tokens or from "box token list".',
      zh: '请使用 GET /api/tokens 或 "box token list" 中的名称。',
    },
  },
  KEY_UNKNOWN: {
    status: 404,
    blame: 'caller',
    message: {
      en: 'No recording of this box was started with this Idempotency-Key within the last 24 hours.',
      zh: '最近 24 小时内，本机没有以此 Idempotency-Key 发起的录制。',
    },
    remedy: {
      en: 'Send the recording request with this key: it starts one recording, however often it is repeated.',
      zh: '请携带此 key 发送录制请求：无论重复多少次，都只会启动一个录制。',
    },
  },
  FILE_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    message: { en: 'The recording has no file with this number.', zh: '该录制没有此编号的文件。' },
    remedy: {
      en: 'Take the number from "files" of the recording, counted from 0; GET /api/recordings/:id shows them.',
      zh: '请使用录制的 "files" 中从 0 开始的序号，可通过 GET /api/recordings/:id 查看。',
    },
  },
  NO_LIVE_PICTURE: {
    status: 404,
    blame: 'caller',
    message: {
      en: 'There is no live picture: the recording is of sound alone, or is not running.',
      zh: '没有实时画面：该录制仅录声音，或当前未在录制。',
    },
    remedy: {
      en: 'Ask while the recording is running and its Mode ends in 1 or 2; afterwards its files have a thumbnail.',
      zh: '请在录制进行中获取，且 Mode 的末位须为 1 或 2；录制结束后可获取文件的缩略图。',
    },
  },
  LIVE_PICTURE_NOT_YET: {
    status: 404,
    blame: 'caller',
    message: {
      en: 'The recording has shown no picture yet.',
      zh: '该录制尚无画面。',
    },
    remedy: {
      en: 'Ask again in a second: the recorder may still be entering the room, or be busy.',
      zh: '请稍候一秒再试：录制端可能仍在进房，或正忙。',
    },
  },
  NO_PICTURE: {
    status: 404,
    blame: 'caller',
    message: { en: 'The file holds no picture.', zh: '该文件没有画面。' },
    remedy: {
      en: 'Ask for the waveform of a file with sound only.',
      zh: '对于只有声音的文件，请获取波形。',
    },
  },
  NO_SOUND: {
    status: 404,
    blame: 'caller',
    message: { en: 'The file holds no sound.', zh: '该文件没有声音。' },
    remedy: {
      en: 'Ask for the thumbnail of a file with pictures only.',
      zh: '对于只有画面的文件，请获取缩略图。',
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
  STILL_RUNNING: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'The recording is still running; it cannot be deleted, not even with force.',
      zh: '录制仍在进行，无法删除，即使使用 force 也不行。',
    },
    remedy: {
      en: 'Stop it by POST /api/recordings/:id/stop and delete it once it is done or failed.',
      zh: '请先通过 POST /api/recordings/:id/stop 停止，待其完成或失败后再删除。',
    },
  },
  NOT_DELIVERED: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'The recording is not delivered: what it holds is not proven to be in COS, or its caller has not been told.',
      zh: '录制尚未交付：其内容未确认已在 COS 中，或尚未通知调用方。',
    },
    remedy: {
      en: 'Let the delivery come to its end, or lose the recording by DELETE /api/recordings/:id?force=true.',
      zh: '请等待交付完成；若确定放弃该录制，请使用 DELETE /api/recordings/:id?force=true。',
    },
  },
  FILE_NOT_READY: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'The file is not finished: the recording is still running or being finalized.',
      zh: '文件尚未生成：录制仍在进行或正在收尾。',
    },
    remedy: {
      en: 'Stop the recording, or wait until its state is uploading, notifying, done or failed.',
      zh: '请停止录制，或等待其状态变为 uploading、notifying、done 或 failed。',
    },
  },
  RESULT_NOT_READY: {
    status: 409,
    blame: 'caller',
    message: { en: 'The recording is not over yet, so it has no result.', zh: '录制尚未完成，还没有结果。' },
    remedy: {
      en: 'Wait until its state is notifying, done or failed.',
      zh: '请等待其状态变为 notifying、done 或 failed。',
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
  SELF_TEST_RUNNING: {
    status: 409,
    blame: 'caller',
    message: { en: 'A self-test is running already.', zh: '自检正在进行。' },
    remedy: {
      en: 'Follow it by GET /api/self-test; it ends within two minutes.',
      zh: '请通过 GET /api/self-test 查看进度；自检会在两分钟内结束。',
    },
  },
  NOT_QUIET: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'The machine can be measured only while nothing is recorded, finalized or measured.',
      zh: '只有在没有录制、封装或测量时才能测量本机。',
    },
    remedy: {
      en: 'Wait until the recordings have ended; GET /api/capacity tells whether a measurement runs.',
      zh: '请等待录制结束；可通过 GET /api/capacity 查看是否正在测量。',
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
  TOKEN_EXISTS: {
    status: 409,
    blame: 'caller',
    message: { en: 'There is an access token with this name already.', zh: '已存在同名的访问令牌。' },
    remedy: {
      en: 'Choose another name, or rotate the token to get a new secret for it.',
      zh: '请换一个名称，或更换该令牌的密文。',
    },
  },
  LAST_ADMIN_TOKEN: {
    status: 409,
    blame: 'caller',
    message: {
      en: 'This is the last access token of the role admin: without it nobody could change the box any more.',
      zh: '这是最后一个 admin 角色的访问令牌：删除后将无人能够管理本机。',
    },
    remedy: {
      en: 'Make another token of the role admin first, or rotate this one.',
      zh: '请先创建另一个 admin 角色的令牌，或更换此令牌的密文。',
    },
  },
  FILE_NOT_HERE: {
    status: 410,
    blame: 'caller',
    message: { en: 'The file is not on the disk of the box any more.', zh: '该文件已不在本机磁盘上。' },
    remedy: {
      en: 'Fetch it from COS, if "url" names a place there; otherwise it is lost.',
      zh: '如果 "url" 给出了 COS 地址，请从 COS 获取；否则文件已丢失。',
    },
  },
  PRECONDITION_FAILED: {
    status: 412,
    blame: 'caller',
    message: {
      en: 'The file is not the one that If-Match or If-Unmodified-Since speaks of.',
      zh: '该文件与 If-Match 或 If-Unmodified-Since 所指的不一致。',
    },
    remedy: {
      en: 'Fetch the file anew and use the ETag that comes with it.',
      zh: '请重新获取文件，并使用随之返回的 ETag。',
    },
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    blame: 'caller',
    message: { en: 'The range lies outside the file.', zh: '请求的范围超出文件。' },
    remedy: {
      en: 'Ask for bytes below the length in the header Content-Range.',
      zh: '请只请求响应头 Content-Range 所示长度之内的字节。',
    },
  },
} as const satisfies Record<string, CatalogueEntry>;
