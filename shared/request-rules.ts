import Type from 'typebox';
import { CALLBACK_EVENTS } from './callback-events.ts';
import { LAYOUTS, MODES } from './recording.ts';
import type { Text } from './texts/language.ts';

/** The shape of a request and the words for each rule that a field can break. */

/** COS takes keys of at most this many bytes. */
const MAX_KEY_BYTES = 850;
/** Room kept for the file's own name: app, string room in base64url, two users, time, id and extension stay below it. */
const MAX_FILE_NAME_BYTES = 200;
/** Longest Path in bytes of UTF-8, so that Path, a slash and the file name always make a key that COS takes. */
export const MAX_PATH_BYTES = MAX_KEY_BYTES - 1 - MAX_FILE_NAME_BYTES;
/** Longest Callback in characters. */
export const MAX_CALLBACK_LENGTH = 2048;

/** Fields whose value is never shown. Compared in lower case, so that a misspelt key hides its value too. */
export const SECRET_FIELDS: ReadonlySet<string> = new Set(['usersig', 'secretid', 'secretkey', 'token']);

/** Most entries of Names. */
export const MAX_NAMES = 64;
/** Longest name to show, in characters. */
export const MAX_NAME_LENGTH = 64;

/** Most entries of Event. */
export const MAX_EVENTS = 32;

/** What TRTC takes as a user id. */
export const USER_ID = /^[A-Za-z0-9_-]{1,32}$/;

/** What COS credentials may consist of: they travel in HTTP headers. */
export const CREDENTIAL_PATTERN = '^[\\x21-\\x7e]+$';

/** Letters, digits, space and the punctuation that TRTC allows in a string room. */
export const STR_ROOM_ID = /^[A-Za-z0-9 !#$%&()+\-:;<=.>?@[\]^_{}|~,]{1,64}$/;

function word<const Word extends string>(words: readonly Word[]) {
  return Type.Unsafe<Word>({ type: 'string', enum: words });
}

/**
 * JSON Schema of the body after null and empty optional fields were taken out. Rules that need more than one field or more
 * than a pattern (rooms, Path, Callback, credentials, UserSig, Names) are checked in `parseRecordingRequest`.
 */
export const REQUEST_SCHEMA = Type.Object({
  SdkAppId: Type.Integer({ minimum: 1, maximum: 4_294_967_295 }),
  RoomId: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_294_967_294 })),
  StrRoomId: Type.Optional(Type.String()),
  UserId: Type.String({ pattern: USER_ID.source }),
  UserSig: Type.String({ minLength: 1, maxLength: 8192 }),
  CosConfig: Type.Object({
    Region: Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
    Bucket: Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?-[0-9]{1,20}$' }),
    Path: Type.String({ minLength: 1 }),
    SecretId: Type.Optional(Type.String({ pattern: CREDENTIAL_PATTERN, maxLength: 512 })),
    SecretKey: Type.Optional(Type.String({ pattern: CREDENTIAL_PATTERN, maxLength: 512 })),
    Token: Type.Optional(Type.String({ pattern: CREDENTIAL_PATTERN, maxLength: 8192 })),
  }),
  Callback: Type.Optional(Type.String({ maxLength: MAX_CALLBACK_LENGTH })),
  Event: Type.Optional(Type.Unsafe<readonly unknown[]>({ type: 'array' })),
  Mode: Type.Optional(word(MODES)),
  IsReserve: Type.Optional(Type.Boolean()),
  AlsoSingle: Type.Optional(Type.Boolean()),
  Layout: Type.Optional(word(LAYOUTS)),
  Names: Type.Optional(Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' })),
});

/** Rules that are more than the form of one field. */
export const RULE_TEXTS = {
  object: {
    message: { en: 'The body must be one JSON object.', zh: '请求体必须是一个 JSON 对象。' },
    remedy: {
      en: 'Send {…} with the fields of the contract, not a list, a text or a number.',
      zh: '请发送包含约定字段的 {…}，而不是列表、文本或数字。',
    },
  },
  oneRoom: {
    message: { en: 'RoomId or StrRoomId is required.', zh: '必须提供 RoomId 或 StrRoomId。' },
    remedy: {
      en: 'Send RoomId for an integer room or StrRoomId for a string room. Room 123 and room "123" are different rooms.',
      zh: '整型房间请发送 RoomId，字符串房间请发送 StrRoomId。房间 123 与房间 "123" 是不同的房间。',
    },
  },
  segments: {
    message: {
      en: 'CosConfig.Path must not contain empty segments (//), "." or ".." segments.',
      zh: 'CosConfig.Path 不能包含空段（//）、"." 或 ".." 段。',
    },
    remedy: { en: 'Send a plain path such as /a/b.', zh: '请发送普通路径，例如 /a/b。' },
  },
  characters: {
    message: {
      en: 'CosConfig.Path must not contain control characters, backslashes or broken Unicode.',
      zh: 'CosConfig.Path 不能包含控制字符、反斜杠或损坏的 Unicode 字符。',
    },
    remedy: { en: 'Separate the segments with / and remove the character.', zh: '请用 / 分隔各段并去掉该字符。' },
  },
  pathLength: {
    message: {
      en: `CosConfig.Path must be at most ${MAX_PATH_BYTES} bytes of UTF-8, so that path and file name fit into a COS key.`,
      zh: `CosConfig.Path 最多 ${MAX_PATH_BYTES} 字节（UTF-8），以便路径和文件名能组成 COS 对象键。`,
    },
    remedy: { en: 'Use a shorter path.', zh: '请使用较短的路径。' },
  },
  pair: {
    message: {
      en: 'CosConfig.SecretId and CosConfig.SecretKey belong together; one of them is missing.',
      zh: 'CosConfig.SecretId 与 CosConfig.SecretKey 必须同时提供，目前缺少一个。',
    },
    remedy: {
      en: 'Send both, or neither to use the credentials stored on the box.',
      zh: '请同时发送两者；或都不发送，使用本机保存的密钥。',
    },
  },
  tokenAlone: {
    message: {
      en: 'CosConfig.Token makes sense only with CosConfig.SecretId and CosConfig.SecretKey.',
      zh: 'CosConfig.Token 只能与 CosConfig.SecretId 和 CosConfig.SecretKey 一起使用。',
    },
    remedy: {
      en: 'Send the temporary pair next to its token, or leave the token out.',
      zh: '请同时发送临时密钥对，或去掉 Token。',
    },
  },
  storedCredentials: {
    message: {
      en: 'The request brings no COS credentials and the box has none stored.',
      zh: '请求未提供 COS 密钥，本机也没有保存密钥。',
    },
    remedy: {
      en: 'Send CosConfig.SecretId and CosConfig.SecretKey, or store credentials on the box (PUT /api/cos-credentials, or RECORDER_COS_SECRET_ID and RECORDER_COS_SECRET_KEY).',
      zh: '请发送 CosConfig.SecretId 和 CosConfig.SecretKey，或在本机保存密钥（PUT /api/cos-credentials，或 RECORDER_COS_SECRET_ID 和 RECORDER_COS_SECRET_KEY）。',
    },
  },
  url: {
    message: { en: 'Callback must be a URL.', zh: 'Callback 必须是 URL。' },
    remedy: {
      en: 'Send an address such as https://example.com/recorded, or leave Callback out.',
      zh: '请发送地址，例如 https://example.com/recorded，或去掉 Callback。',
    },
  },
  scheme: {
    message: { en: 'Callback must begin with http: or https:.', zh: 'Callback 必须以 http: 或 https: 开头。' },
    remedy: {
      en: 'The box delivers results by HTTP POST; give it an http or https address.',
      zh: '本机通过 HTTP POST 发送结果，请提供 http 或 https 地址。',
    },
  },
  callbackForbidden: {
    message: {
      en: 'Callback names an address that the box never calls: link-local, metadata service, multicast or reserved.',
      zh: 'Callback 指向本机从不访问的地址：链路本地、元数据服务、组播或保留地址。',
    },
    remedy: { en: 'Give the address of your receiver.', zh: '请提供接收方的地址。' },
  },
  callbackLoopback: {
    message: {
      en: 'Callback names the machine of the box itself, and its setting network.loopback does not allow that.',
      zh: 'Callback 指向本机自身，而设置 network.loopback 不允许。',
    },
    remedy: {
      en: 'Name your receiver by its address on the network, or have network.loopback set to "allow".',
      zh: '请使用接收方在网络上的地址，或将 network.loopback 设为 "allow"。',
    },
  },
  callbackNotListed: {
    message: {
      en: 'The host of Callback is not in the setting network.allowedHosts of the box.',
      zh: 'Callback 的主机不在本机的设置 network.allowedHosts 中。',
    },
    remedy: { en: 'Name a listed host, or have this one added.', zh: '请使用列表中的主机，或将其加入列表。' },
  },
  bucketNotListed: {
    message: {
      en: 'The host of this bucket (BUCKET.cos.REGION.myqcloud.com) is not in the setting network.allowedHosts of the box.',
      zh: '该存储桶的主机（BUCKET.cos.REGION.myqcloud.com）不在本机的设置 network.allowedHosts 中。',
    },
    remedy: {
      en: 'Name a bucket that is listed, or have it or *.myqcloud.com added.',
      zh: '请使用列表中的存储桶，或将其或 *.myqcloud.com 加入列表。',
    },
  },
  eventNeedsCallback: {
    message: { en: 'Event makes sense only with Callback.', zh: 'Event 只能与 Callback 一起使用。' },
    remedy: {
      en: 'Send the address that shall get the events as Callback, or leave Event out.',
      zh: '请在 Callback 中提供接收事件的地址，或去掉 Event。',
    },
  },
  eventCount: {
    message: { en: `Event must have at most ${MAX_EVENTS} entries.`, zh: `Event 最多 ${MAX_EVENTS} 项。` },
    remedy: { en: 'Send each name once.', zh: '每个名称只发送一次。' },
  },
  singleAnyway: {
    message: {
      en: 'AlsoSingle is ignored: modes 00, 01 and 02 make one file per user anyway.',
      zh: 'AlsoSingle 被忽略：模式 00、01、02 本来就是每个用户一个文件。',
    },
    remedy: { en: 'Leave it out, or send mode 10, 11 or 12.', zh: '请去掉该字段，或发送模式 10、11 或 12。' },
  },
  nameCount: {
    message: { en: `Names must have at most ${MAX_NAMES} entries.`, zh: `Names 最多 ${MAX_NAMES} 项。` },
    remedy: { en: 'Send only the names of users who may come.', zh: '请只发送可能进房的用户的名称。' },
  },
  nameKey: {
    message: {
      en: 'The keys of Names must be user ids: 1 to 32 letters, digits, _ and -.',
      zh: 'Names 的键必须是用户 ID：1 到 32 个字母、数字、_ 和 -。',
    },
    remedy: {
      en: 'Send {"user id":"name to show"}, with the user ids under which they enter the room.',
      zh: '请发送 {"用户 ID":"显示名称"}，用户 ID 与进房时一致。',
    },
  },
  nameText: {
    message: {
      en: `Each value of Names must be a text of 1 to ${MAX_NAME_LENGTH} characters without control characters.`,
      zh: `Names 的每个值必须是 1 到 ${MAX_NAME_LENGTH} 个字符的文本，且不含控制字符。`,
    },
    remedy: { en: 'Send a shorter name on one line, in any script.', zh: '请发送较短的单行名称，可用任何文字。' },
  },
} as const satisfies Record<string, { message: Text; remedy: Text }>;

export type RuleName = keyof typeof RULE_TEXTS;

interface FieldRule {
  is: Text;
  remedy: Text;
}

const BOOLEAN_RULE: FieldRule = {
  is: { en: 'true or false', zh: 'true 或 false' },
  remedy: {
    en: 'Send a JSON boolean without quotes, or leave it out.',
    zh: '请发送不加引号的 JSON 布尔值，或去掉该字段。',
  },
};

/** What a field has to be, as the rest of "must be …". Used for a wrong type, range or pattern alike. */
export const FIELD_RULES: Readonly<Record<string, FieldRule>> = {
  SdkAppId: {
    is: { en: 'an integer from 1 to 4294967295', zh: '1 到 4294967295 之间的整数' },
    remedy: {
      en: 'Send the SDKAppID of your TRTC application as a JSON number, without quotes.',
      zh: '请以 JSON 数字（不加引号）发送 TRTC 应用的 SDKAppID。',
    },
  },
  RoomId: {
    is: { en: 'an integer from 1 to 4294967294', zh: '1 到 4294967294 之间的整数' },
    remedy: {
      en: 'Send the integer room as a JSON number without quotes; for a string room leave RoomId out and send StrRoomId.',
      zh: '请以 JSON 数字（不加引号）发送整型房间号；字符串房间请去掉 RoomId 并发送 StrRoomId。',
    },
  },
  StrRoomId: {
    is: {
      en: '1 to 64 characters: letters, digits, space and !#$%&()+-:;<=.>?@[]^_{}|~,',
      zh: '1 到 64 个字符：字母、数字、空格以及 !#$%&()+-:;<=.>?@[]^_{}|~,',
    },
    remedy: {
      en: 'Send the string room exactly as the other users entered it; TRTC knows no other characters.',
      zh: '请发送与其他用户进房时完全相同的字符串房间号；TRTC 不支持其他字符。',
    },
  },
  UserId: {
    is: { en: '1 to 32 characters: letters, digits, _ and -', zh: '1 到 32 个字符：字母、数字、_ 和 -' },
    remedy: {
      en: 'Choose a user for the recorder that nobody else in the room uses.',
      zh: '请为录制选择一个房间内没有其他人使用的用户。',
    },
  },
  UserSig: {
    is: { en: 'a text of 1 to 8192 characters', zh: '1 到 8192 个字符的文本' },
    remedy: {
      en: 'Generate the signature for this SdkAppId and UserId and send it whole.',
      zh: '请为该 SdkAppId 和 UserId 生成签名并完整发送。',
    },
  },
  CosConfig: {
    is: { en: 'an object with Region, Bucket and Path', zh: '包含 Region、Bucket 和 Path 的对象' },
    remedy: {
      en: 'Send {"Region":"ap-guangzhou","Bucket":"name-1250000000","Path":"/"} as a JSON object, not as a text.',
      zh: '请以 JSON 对象（不是文本）发送 {"Region":"ap-guangzhou","Bucket":"name-1250000000","Path":"/"}。',
    },
  },
  'CosConfig.Region': {
    is: { en: '1 to 64 lower-case letters, digits and hyphens', zh: '1 到 64 个小写字母、数字和连字符' },
    remedy: {
      en: "Send the bucket's region, for example ap-guangzhou.",
      zh: '请发送存储桶所在地域，例如 ap-guangzhou。',
    },
  },
  'CosConfig.Bucket': {
    is: {
      en: 'a name of lower-case letters, digits and hyphens, a hyphen and the APPID in digits',
      zh: '由小写字母、数字和连字符组成的名称，加连字符和数字 APPID',
    },
    remedy: {
      en: 'Send the full bucket name, for example susu-123456789.',
      zh: '请发送完整的存储桶名称，例如 susu-123456789。',
    },
  },
  'CosConfig.Path': {
    is: { en: 'a path in the bucket', zh: '存储桶中的路径' },
    remedy: { en: 'Send a path such as /test, or / for the root.', zh: '请发送路径，例如 /test；根目录为 /。' },
  },
  'CosConfig.SecretId': {
    is: { en: 'a text of printable ASCII characters without spaces', zh: '不含空格的可打印 ASCII 文本' },
    remedy: { en: 'Send the SecretId exactly as the console shows it.', zh: '请按控制台显示的内容原样发送 SecretId。' },
  },
  'CosConfig.SecretKey': {
    is: { en: 'a text of printable ASCII characters without spaces', zh: '不含空格的可打印 ASCII 文本' },
    remedy: {
      en: 'Send the SecretKey exactly as the console shows it.',
      zh: '请按控制台显示的内容原样发送 SecretKey。',
    },
  },
  'CosConfig.Token': {
    is: { en: 'a text of printable ASCII characters without spaces', zh: '不含空格的可打印 ASCII 文本' },
    remedy: {
      en: 'Send the session token of the temporary key exactly as it was issued.',
      zh: '请原样发送临时密钥的会话 Token。',
    },
  },
  Callback: {
    is: { en: 'an http or https URL of at most 2048 characters', zh: '不超过 2048 个字符的 http 或 https URL' },
    remedy: {
      en: 'Send an address such as https://example.com/recorded, or leave Callback out.',
      zh: '请发送地址，例如 https://example.com/recorded，或去掉 Callback。',
    },
  },
  Mode: {
    is: { en: "'10', '11', '12', '00', '01' or '02'", zh: "'10'、'11'、'12'、'00'、'01' 或 '02'" },
    remedy: {
      en: 'Send 10 for sound (MP3), 11 for pictures (MP4) or 12 for both (MP4), or 00, 01, 02 for the same in one file per user.',
      zh: '请发送 10（音频 MP3）、11（视频 MP4）或 12（音视频 MP4）；每个用户一个文件请发送 00、01 或 02。',
    },
  },
  Event: {
    is: { en: 'a list of event names', zh: '事件名称列表' },
    remedy: {
      en: `Send a JSON array with any of ${CALLBACK_EVENTS.join(', ')}, or leave it out.`,
      zh: `请发送 JSON 数组，可包含 ${CALLBACK_EVENTS.join('、')}，或去掉该字段。`,
    },
  },
  IsReserve: BOOLEAN_RULE,
  AlsoSingle: BOOLEAN_RULE,
  Layout: {
    is: { en: "'grid', 'speaker' or 'screen'", zh: "'grid'、'speaker' 或 'screen'" },
    remedy: {
      en: 'Send one of these words, or leave it out for what the box is set to.',
      zh: '请发送其中之一，或去掉该字段以使用本机设置。',
    },
  },
  Names: {
    is: { en: 'an object of user ids and names', zh: '由用户 ID 和名称组成的对象' },
    remedy: RULE_TEXTS.nameKey.remedy,
  },
};

/** What each entry of Event has to be. */
export const EVENT_NAME_RULE: FieldRule = {
  is: { en: `one of ${CALLBACK_EVENTS.join(', ')}`, zh: `${CALLBACK_EVENTS.join('、')} 之一` },
  remedy: { en: 'Correct the name, or leave it out.', zh: '请修正该名称，或去掉它。' },
};
