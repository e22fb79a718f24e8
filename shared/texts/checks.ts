import type { Text } from './language.ts';

/** What the checks before saving say. `{…}` is replaced by `filled`. */
export const CHECK_TEXTS = {
  written: { en: 'A tiny object was written.', zh: '已写入一个很小的对象。' },
  proven: { en: 'COS shows its size and checksum, as sent.', zh: 'COS 返回的大小和校验值与发送的一致。' },
  noChecksum: {
    en: 'COS shows another size or checksum than was sent.',
    zh: 'COS 返回的大小或校验值与发送的不一致。',
  },
  gone: { en: 'The object is not there after it was written.', zh: '写入后找不到该对象。' },
  headForbidden: {
    en: 'This key may write, but not look at what it wrote.',
    zh: '该密钥可以写入，但无权查询已写入的对象。',
  },
  multipart: { en: 'A large upload could begin, and was dropped again.', zh: '分块上传可以发起，并已取消。' },
  deleted: { en: 'The object was removed again.', zh: '测试对象已删除。' },
  stays: {
    en: 'This key may not delete: the object {key} stays. Recordings need no such right.',
    zh: '该密钥无权删除：对象 {key} 会保留。录制不需要此权限。',
  },
  skipped: { en: 'Not tried, because a step before it failed.', zh: '前面的步骤失败，未执行。' },
  clockUnknown: { en: 'COS did not answer, so its clock is not known.', zh: 'COS 没有应答，无法得知其时间。' },
  clockRight: { en: 'The clocks of COS and of this box agree.', zh: 'COS 与本机的时钟一致。' },
  clockOff: {
    en: "This box's clock is {seconds} s {direction}. COS refuses what is 15 minutes off.",
    zh: '本机时钟{direction} {seconds} 秒。偏差达到 15 分钟时 COS 会拒绝请求。',
  },
  slow: { en: 'slow', zh: '慢了' },
  fast: { en: 'fast', zh: '快了' },
  tooLate: { en: 'No answer in time.', zh: '未能及时得到应答。' },
  giveOtherKeys: {
    en: 'Enter SecretId and SecretKey anew; both come from the same line of the COS account.',
    zh: '请重新输入 SecretId 和 SecretKey，两者须来自 COS 账号中的同一条密钥。',
  },
  giveBoxKeys: {
    en: "COS refuses the box's own keys: store valid ones.",
    zh: 'COS 拒绝本机保存的密钥：请保存有效的密钥。',
  },
  giveNewToken: {
    en: 'The temporary key has expired or does not fit: get a new one.',
    zh: '临时密钥已过期或不匹配：请获取新的临时密钥。',
  },
  taken: { en: 'The receiver took the message (status {status}).', zh: '接收端已接收消息（状态码 {status}）。' },
  refusedStatus: { en: 'The receiver answered with status {status}.', zh: '接收端返回状态码 {status}。' },
  refusedRemedy: {
    en: 'The receiver has to answer with a status from 200 to 299; look into its log for the delivery id.',
    zh: '接收端须返回 200 到 299 的状态码；请在其日志中查找该投递 id。',
  },
  addressRefused: {
    en: 'The box does not connect to where this address leads.',
    zh: '本机不会连接该地址指向的位置。',
  },
  addressRemedy: {
    en: 'Use an address of another machine, or allow this one in the settings under network.',
    zh: '请使用其他机器的地址，或在网络设置中允许该地址。',
  },
  silent: { en: 'No answer within {seconds} s.', zh: '{seconds} 秒内没有应答。' },
  silentRemedy: {
    en: 'The receiver should answer first and work afterwards; results are sent again when it is late.',
    zh: '接收端应先应答再处理；超时的结果会重新发送。',
  },
  nobody: { en: 'Nobody answers there: {error}.', zh: '该地址无人应答：{error}。' },
  nobodyRemedy: {
    en: 'Check name and port of the address, the firewall, and that the receiver runs.',
    zh: '请检查地址的主机名和端口、防火墙，并确认接收端正在运行。',
  },
  redirected: { en: 'The receiver sends elsewhere: {error}.', zh: '接收端重定向到其他地址：{error}。' },
  redirectedRemedy: {
    en: 'Give the address that answers by itself; redirects are followed on the same host only, with 307 or 308.',
    zh: '请填写最终应答的地址；只在同一主机上跟随 307 或 308 重定向。',
  },
  encoderWorks: { en: 'Works.', zh: '可用。' },
  encoderAbsent: { en: 'This ffmpeg does not have it.', zh: '此 ffmpeg 不包含该编码器。' },
  encoderFails: { en: 'Does not work on this machine: {error}', zh: '在本机上不可用：{error}' },
  encoderLate: { en: 'Did not end within {seconds} s.', zh: '{seconds} 秒内未完成。' },
} as const satisfies Record<string, Text>;

export type CheckText = keyof typeof CHECK_TEXTS;

/** The text with its places filled in, in every language; a value may itself be a text. */
export function filled(name: CheckText, values: Readonly<Record<string, string | number | Text>> = {}): Text {
  const fill = (language: 'en' | 'zh'): string =>
    CHECK_TEXTS[name][language].replace(/\{(\w+)\}/g, (place, key: string) => {
      const value = values[key] ?? place;
      return typeof value === 'object' ? value[language] : String(value);
    });
  return { en: fill('en'), zh: fill('zh') };
}
