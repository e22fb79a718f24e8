import type { Language, Text } from './language.ts';

/** What somebody can do about an upload that does not get on. Names are kept in code, the English text is what lies in the database. */
export const REMEDIES = {
  checkKeys: {
    en: 'Check SecretId and SecretKey of the COS account.',
    zh: '请检查 COS 账号的 SecretId 和 SecretKey。',
  },
  changeBoxKeys: {
    en: "COS refuses the box's own keys: store valid ones with PUT /api/cos-credentials. Every upload that waits for them then goes on by itself.",
    zh: 'COS 拒绝本机保存的密钥：请用 PUT /api/cos-credentials 保存有效的密钥，所有等待的上传会自动继续。',
  },
  changeRequestKeys: {
    en: "COS refuses the keys of this recording's request: give it others with POST /api/recordings/:id/credentials, or make those keys valid again.",
    zh: 'COS 拒绝此录制请求所带的密钥：请用 POST /api/recordings/:id/credentials 更换，或让原密钥恢复有效。',
  },
  newToken: {
    en: 'The temporary key of this recording is no longer valid: give it a new one with POST /api/recordings/:id/credentials.',
    zh: '此录制的临时密钥已失效：请用 POST /api/recordings/:id/credentials 提供新的密钥。',
  },
  checkToken: {
    en: 'COS does not let the temporary key of this recording do that: it has expired or lacks permission for the path. Give it a new one with POST /api/recordings/:id/credentials.',
    zh: 'COS 不允许此录制的临时密钥执行该操作：密钥已过期或没有该路径的权限。请用 POST /api/recordings/:id/credentials 提供新的密钥。',
  },
  giveKeys: {
    en: "Store keys with PUT /api/cos-credentials, or give this recording its own with POST /api/recordings/:id/credentials; the file is safe on the box's disk.",
    zh: '请用 PUT /api/cos-credentials 保存密钥，或用 POST /api/recordings/:id/credentials 为此录制提供密钥；文件安全地保存在本机磁盘上。',
  },
  unreadableKeys: {
    en: 'The keys of this recording cannot be opened with secret.key: give it others with POST /api/recordings/:id/credentials, or restore secret.key.',
    zh: '无法用 secret.key 打开此录制的密钥：请用 POST /api/recordings/:id/credentials 重新提供，或恢复 secret.key。',
  },
  allowPolicy: {
    en: 'Allow this key to put, complete, list and head objects under the path, and check that the account is not in arrears.',
    zh: '请允许该密钥在此路径下上传、完成、列出和查询对象，并确认账号没有欠费。',
  },
  allowHead: {
    en: 'Allow name/cos:HeadObject for this key: without it the delivery cannot be verified.',
    zh: '请为该密钥授权 name/cos:HeadObject：否则无法核对上传结果。',
  },
  checkAccount: {
    en: 'Check the balance and quotas of the COS account.',
    zh: '请检查 COS 账号的余额和配额。',
  },
  checkBucket: {
    en: 'Check Bucket and Region in CosConfig, and that the bucket exists.',
    zh: '请检查 CosConfig 中的 Bucket 和 Region，并确认存储桶存在。',
  },
  checkClock: {
    en: "Check this machine's clock and time zone.",
    zh: '请检查本机的时钟和时区。',
  },
  checkCertificate: {
    en: 'Check for a login page or a proxy that reads encrypted traffic, for its root certificate (setting network.caPath), and for a wrong clock on this machine.',
    zh: '请检查网络是否有登录页面或会解密流量的代理、其根证书（设置 network.caPath）以及本机时钟。',
  },
  checkPortal: {
    en: 'Something else answered in place of COS: check for a login page or a proxy on the line.',
    zh: '应答的不是 COS：请检查网络是否有登录页面或代理。',
  },
  checkLine: {
    en: 'The line or COS is away; uploads go on by themselves as soon as it is back.',
    zh: '网络或 COS 暂时不可用；恢复后上传会自动继续。',
  },
  checkAddress: {
    en: 'The box does not connect to where the name of this bucket leads: check the name server and the setting network.allowedHosts.',
    zh: '本机不会连接该存储桶域名指向的地址：请检查 DNS 以及设置 network.allowedHosts。',
  },
  checkProxy: {
    en: 'The proxy does not let the box through to COS: check the setting network.proxy and the rules of the proxy.',
    zh: '代理不允许本机访问 COS：请检查设置 network.proxy 和代理规则。',
  },
  proxyPassword: {
    en: 'The proxy asks for a user and a password: put them into the setting network.proxy (http://USER:PASSWORD@HOST:PORT) and start the box again.',
    zh: '代理要求用户名和密码：请写入设置 network.proxy（http://USER:PASSWORD@HOST:PORT）并重新启动。',
  },
  checkDisk: {
    en: 'Check the disk and the permissions of the recordings folder.',
    zh: '请检查磁盘以及录制目录的权限。',
  },
  checkIntegrity: {
    en: 'The bytes that arrive are again and again others than those sent, or COS shows no checksum: check for a proxy or virus scanner that changes traffic, a gateway without CRC-64, and for faulty memory.',
    zh: '到达的数据多次与发送的不一致，或 COS 没有给出校验值：请检查会修改流量的代理或杀毒软件、不支持 CRC-64 的网关以及内存故障。',
  },
  readMessage: {
    en: 'COS refused with a code this box does not know: see its message and the account.',
    zh: 'COS 返回了本机未知的错误码：请查看其消息和账号状态。',
  },
  diskFull: {
    en: 'Free space on the disk (or raise the quota); what waits goes on by itself.',
    zh: '请清理磁盘空间（或提高配额）；等待的任务会自动继续。',
  },
  diskReadOnly: {
    en: 'The disk is mounted read-only, often after an error: check it and mount it writable; what waits goes on by itself.',
    zh: '磁盘以只读方式挂载，通常是出错之后：请检查磁盘并以可写方式重新挂载；等待的任务会自动继续。',
  },
  diskDenied: {
    en: "Give the box's user the right to read and write its folders; what waits goes on by itself.",
    zh: '请让本机的运行用户有权读写其目录；等待的任务会自动继续。',
  },
  diskError: {
    en: 'The disk reports errors: check its cable, its health and the log of the system, and copy its files to safety; what waits is tried again by itself.',
    zh: '磁盘报告错误：请检查连线、磁盘健康状况和系统日志，并备份其中的文件；等待的任务会自动重试。',
  },
  diskAway: {
    en: 'The folder of the recordings is missing: connect and mount its disk again, or bring the folder back; what waits goes on by itself.',
    zh: '找不到录制目录：请重新连接并挂载所在磁盘，或恢复该目录；等待的任务会自动继续。',
  },
  waitForWindow: {
    en: 'Nothing: uploads run only in the hours of the setting upload.window.',
    zh: '无需处理：上传只在设置 upload.window 的时段内进行。',
  },
} as const satisfies Record<string, Text>;

export type RemedyName = keyof typeof REMEDIES;

/** English texts of the remedies for a line that is away: what waits for them goes on when it is back. */
export const LINE_REMEDIES: ReadonlySet<string> = new Set([
  REMEDIES.checkLine.en,
  REMEDIES.checkPortal.en,
  REMEDIES.checkCertificate.en,
]);

const BY_ENGLISH: ReadonlyMap<string, Text> = new Map(Object.values(REMEDIES).map((text) => [text.en, text]));

/** A remedy as it lies in the database, in the reader's language; a text that is none of the above stays as it is. */
export function remedyIn(language: Language, english: string): string {
  return BY_ENGLISH.get(english)?.[language] ?? english;
}

const NAME_BY_ENGLISH: ReadonlyMap<string, RemedyName> = new Map(
  Object.entries(REMEDIES).map(([name, { en }]) => [en, name as RemedyName]),
);

/** Which remedy a text in the database is; null for a text that is none of the above. */
export function remedyNameOf(english: string): RemedyName | null {
  return NAME_BY_ENGLISH.get(english) ?? null;
}
