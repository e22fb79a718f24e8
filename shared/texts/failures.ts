import type { Text } from './language.ts';

// What became of a recording is written down in English, with a code. These are the codes in Chinese; what an encoder or COS said itself
// stands behind it in their own words.

/** Codes of the SDK with which entering a room ends, below `ENTER_ROOM_`. Not -3301: it says nothing, the text behind it does. */
const ENTER_ROOM: Readonly<Record<string, string>> = {
  '-3302': '与 TRTC 服务的心跳中断',
  '-3303': '无法获得 TRTC 服务的地址',
  '-3304': '无法连接 TRTC 服务',
  '-3306': 'TRTC 服务未及时响应',
  '-3307': 'TRTC 服务未及时响应',
  '-3308': '进房超时；防火墙可能阻止了 UDP 端口 8000',
  '-3316': '缺少进房参数',
  '-3317': 'SdkAppId 无效',
  '-3318': 'RoomId 无效',
  '-3319': 'UserId 无效',
  '-3320': 'UserSig 无效，请重新生成',
  '-3340': '录制用户已在该房间中',
  '-100006': '权限票据（private map key）被拒绝',
  '-100010': '房间号无效',
  '-100011': '场景或角色无效',
  '-100013': '该应用的 TRTC 服务已停用（欠费或用量耗尽）',
  '-100014': '房间号无效',
  '-100015': '缺少 SdkAppId',
  '-100018': 'UserSig 被拒绝或已过期，请重新生成',
  '-70001': 'UserSig 已过期，请重新生成',
  '-70003': 'UserSig 无效',
  '-70009': 'UserSig 由其他密钥生成',
  '-70010': 'UserSig 无效',
  '-70013': 'UserSig 属于其他 UserId',
  '-70014': 'UserSig 属于其他 SdkAppId',
  '-70020': 'SdkAppId 不存在',
  '-70051': '该账号已被封禁',
  '-70052': 'UserSig 已失效',
  '-70347': 'UserSig 已过期，请重新生成',
  '-70500': 'TRTC 服务内部错误',
  '-101000': '进房令牌被拒绝',
  '-101001': '进房令牌被拒绝',
  '-101002': '进房令牌被拒绝',
  '-101003': '房间尚不存在',
  '-102001': '房间号无效',
  '-102003': '进房签名被拒绝或已过期',
  '-102004': '进房签名被拒绝或已过期',
  '-102005': '房间尚不存在',
  '-102006': 'TRTC 服务无法将录制用户加入房间',
  '-102008': '其他客户端使用了相同的 UserId；请为录制端使用独立的 UserId',
  '-102010': '录制端不能创建房间，而房间尚未开启',
  '-102011': '录制端无权进入该房间',
  '-102018': '录制端已被移出该房间',
  '-102029': '房间号无效',
  '-102030': '房间号无效',
  '-102052': '房间人数已满',
  '-102055': '场景或角色无效',
  '-102056': '房间内观众过多',
};

const FAILURES: Readonly<Record<string, string>> = {
  NOTHING_RECORDED: '录制在开始之前就已结束，没有录到内容',
  NO_MEDIA: '房间内没有任何画面或声音',
  CAPTURE_ERROR: '采集进程出错',
  CAPTURE_DIED: '采集进程多次异常退出',
  USERSIG_EXPIRED: 'UserSig 在此期间已过期，无法重新进房',
  SEGMENTS_LOST: '磁盘上缺少该录制的分段文件',
  SEGMENTS_EMPTY: '该录制的分段文件为空',
  SEGMENTS_UNREADABLE: '该录制的分段文件无法读取',
  FILE_LOST: '成品文件已不在磁盘上，也没有分段可以重新生成',
  FILE_FAILED: '没有可以交付的文件',
  FILE_DAMAGED: '成品文件已损坏，也没有分段可以重新生成',
  TRANSCODE_FAILED: '无法把各分段合成一个文件',
  LOUDNESS_FAILED: '无法调整响度',
};

/** A failure in words: English as it was written down, Chinese by its code, or with the English behind it where the code is not known. */
export function failureText({ code, message }: { code: string; message: string }): Text {
  const number = /^ENTER_ROOM_(-?\d+)$/.exec(code)?.[1];
  if (number !== undefined) {
    return { en: message, zh: `无法进入房间：${ENTER_ROOM[number] ?? message}（错误码 ${number}）` };
  }
  return { en: message, zh: FAILURES[code] ?? `录制失败：${message}` };
}
