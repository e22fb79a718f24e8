import type { Text } from './language.ts';

/** What each setting means, by its key. Units are in the keys. */
export const SETTING_TEXTS = {
  'http.host': {
    en: 'Address on which the box listens; 127.0.0.1 is this machine only.',
    zh: '本机监听的地址；127.0.0.1 表示仅限本机访问。',
  },
  'http.port': { en: 'Port on which the box listens; 0 takes any free one.', zh: '监听端口；0 表示任意空闲端口。' },
  'http.requireToken': {
    en: 'Without it, whoever works on this machine needs no access token.',
    zh: '关闭时，在本机上访问无需令牌。',
  },
  'http.allowedHosts': {
    en: 'Names under which browsers may open the box, besides addresses and localhost.',
    zh: '除 IP 地址和 localhost 外，允许浏览器用于访问本机的主机名。',
  },
  'http.tls.certPath': {
    en: 'PEM file with the certificate for https; without one the box speaks plain http.',
    zh: 'https 证书的 PEM 文件；未设置时使用 http。',
  },
  'http.tls.keyPath': { en: 'PEM file with the key of that certificate.', zh: '该证书私钥的 PEM 文件。' },
  'video.width': { en: 'Of the canvas on which all pictures stand.', zh: '混流画布的宽度。' },
  'video.height': {
    en: 'Pictures of 1280 by 720 are usual; 1920 by 1080 takes about twice the space and work.',
    zh: '常用 1280 × 720；1920 × 1080 约需两倍的空间和运算。',
  },
  'video.fps': { en: 'How smooth movement looks; 15 suits conversations.', zh: '画面流畅程度；15 适合会话场景。' },
  'video.encoder': {
    en: 'Graphics hardware spares the processor; when it fails, x264 goes on.',
    zh: '硬件编码可减轻处理器负担；硬件出错时自动改用 x264。',
  },
  'video.preset': {
    en: 'Effort of x264: slower presets make smaller files and need more processor.',
    zh: 'x264 编码预设：越慢文件越小，但占用更多处理器。',
  },
  'video.crf': {
    en: 'Lower is better and larger: 18 is very fine, 23 is good, 28 is small.',
    zh: '越小画质越好、文件越大：18 很清晰，23 良好，28 文件较小。',
  },
  'video.maxRateKbps': {
    en: 'What the picture takes at most, however much moves; only x264 and NVENC keep to it.',
    zh: '无论画面变化多大，视频都不超过该码率；仅 x264 与 NVENC 遵守此上限。',
  },
  'video.gopSeconds': { en: 'Longest distance between two key pictures.', zh: '两个关键帧之间的最长间隔。' },
  'video.fit': {
    en: 'Shows whole pictures with borders, or fills the cells and cuts the overhang off.',
    zh: '完整显示并留边，或填满格子并裁去多余部分。',
  },
  'video.layout': { en: 'Layout of requests that name none.', zh: '请求未指定布局时使用的布局。' },
  'video.background': { en: 'Colour behind and between pictures.', zh: '画面之后与之间的背景色。' },
  'dressing.nameStrip': { en: 'Shows a name under each picture.', zh: '在每个画面下方显示名称。' },
  'dressing.stamp': { en: 'Shows date and time of day in a corner.', zh: '在角落显示日期和时间。' },
  'dressing.stampTimeZone': {
    en: "Time zone of that stamp, such as Asia/Shanghai; without one it is the machine's.",
    zh: '时间戳的时区，例如 Asia/Shanghai；未设置时使用本机时区。',
  },
  'dressing.placeholder': {
    en: 'Shows a tile with the name for users whose camera is off.',
    zh: '用户关闭摄像头时显示带名称的占位画面。',
  },
  'dressing.watermarkPath': {
    en: 'Image file on the box that is blended into a corner.',
    zh: '叠加在角落的水印图片文件（位于本机）。',
  },
  'audio.aacKbps': { en: 'Bit rate of the sound in MP4 files.', zh: 'MP4 文件的音频码率。' },
  'audio.mp3Kbps': { en: 'Bit rate of MP3 files.', zh: 'MP3 文件的码率。' },
  'room.scene': {
    en: 'Scene in which rooms are entered; only live and voiceChatRoom hide the recorder.',
    zh: '进房场景；只有 live 和 voiceChatRoom 会隐藏录制用户。',
  },
  'capture.host': {
    en: 'What each recording runs in: a hidden window, as the vendor supports it, or a process. Without a desktop there are only processes.',
    zh: '每个录制在何处运行：隐藏窗口（厂商支持的方式）或独立进程。没有桌面时只能使用进程。',
  },
  'recording.paused': {
    en: 'New recordings are refused with a 503; those that run go on.',
    zh: '拒绝新的录制并返回 503；正在进行的录制不受影响。',
  },
  'limits.enterTimeoutMs': { en: 'How long entering a room may take.', zh: '进房的最长等待时间。' },
  'limits.exitTimeoutMs': { en: 'How long leaving a room may take.', zh: '退房的最长等待时间。' },
  'limits.idleMs': {
    en: 'Ends a recording when nobody spoke or showed for this long.',
    zh: '房间内无主播超过该时长时结束录制。',
  },
  'limits.maxLengthMs': {
    en: 'A recording that gets this long is ended and delivered.',
    zh: '录制达到该时长后结束并交付。',
  },
  'limits.fillGapMs': {
    en: 'Longest gap that is filled with held picture and silence; a longer one is cut out.',
    zh: '用静止画面和静音填补的最长缺口；更长的缺口会被剪去。',
  },
  'limits.connectionLostMs': {
    en: 'A connection lost for longer is given up, and the room is entered anew.',
    zh: '连接中断超过该时长即放弃并重新进房。',
  },
  'limits.reenterMs': {
    en: 'For how long a recorder that was in the room tries to come back.',
    zh: '已进过房的录制尝试重新进房的最长时间。',
  },
  'limits.maxRecordings': {
    en: 'How many rooms are recorded at a time, whatever they take; further requests get a 503. Empty (null): as many as the machine was measured to carry.',
    zh: '同时录制的房间数上限，不论其负荷；超出的请求返回 503。留空（null）：按本机测得的能力自动决定。',
  },
  'loudness.enabled': {
    en: 'Brings finished files to one loudness (EBU R128).',
    zh: '把录制文件统一到同一响度（EBU R128）。',
  },
  'loudness.targetLufs': {
    en: 'To this loudness files are brought; -16 is usual for speech.',
    zh: '把文件统一到该响度；语音常用 -16。',
  },
  'loudness.truePeakDb': { en: 'True peaks stay below this afterwards.', zh: '处理后真峰值不超过该值。' },
  'manifest.upload': { en: 'Uploads the manifest beside the files.', zh: '同时上传清单文件。' },
  'disk.reserveBytes': {
    en: "Free space on the recordings' disk below which nothing more is recorded.",
    zh: '录制磁盘的剩余空间低于该值时不再录制。',
  },
  'disk.dataReserveBytes': {
    en: 'The same for the disk of the data directory.',
    zh: '数据目录所在磁盘的保留空间。',
  },
  'retention.policy': {
    en: 'Which local files go once COS is proven to hold them.',
    zh: '确认 COS 已保存后，哪些本地文件可以删除。',
  },
  'retention.keepDays': {
    en: 'How long they are kept when they are kept for some days.',
    zh: '按天数保留时，保留的天数。',
  },
  'retention.keepBytes': {
    en: 'How much of them is kept when they are kept up to a size.',
    zh: '按容量保留时，保留的总容量。',
  },
  'retention.evictAtReserve': {
    en: 'Gives up the oldest proven local files before recordings are ended for want of space.',
    zh: '空间不足时先删除最早的、已确认上传的本地文件，再考虑结束录制。',
  },
  'events.keepDays': {
    en: 'Days after which events of recordings that are over are forgotten, all but how they began and ended; without a number all are kept.',
    zh: '已结束录制的事件保留天数，过期后只留下开始与结局；未设置时全部保留。',
  },
  'storage.directory': {
    en: 'Folder of new recordings, on a disk of this machine. Those that are there stay where they are. Without one it is a folder in the data directory; CFS_PATH comes before it.',
    zh: '新录制的存放目录（位于本机磁盘）；已有录制保留在原处。未设置时存放在数据目录中；CFS_PATH 优先于此设置。',
  },
  'backup.keep': { en: 'How many copies of the database are kept.', zh: '保留的数据库备份份数。' },
  'backup.everyHours': { en: 'Hours between two copies of the database.', zh: '两次数据库备份之间的小时数。' },
  'backup.directory': {
    en: 'Where the copies go, best on another disk; without one it is a folder in the data directory.',
    zh: '备份存放目录，最好在另一块磁盘；未设置时存放在数据目录中。',
  },
  'callback.timeoutMs': { en: 'How long one try to tell a caller may take.', zh: '单次回调的最长时间。' },
  'callback.giveUpAfterMs': {
    en: 'After how long telling a caller is given up.',
    zh: '回调重试的总时长，超过后放弃。',
  },
  'callback.eventGiveUpAfterMs': {
    en: 'How long events that a receiver refuses may hold up the result.',
    zh: '被接收方拒绝的事件最多能推迟结果多久。',
  },
  'upload.live': {
    en: 'Send mixes while they are recorded, so that little is left to send at the end. Such MP4 files have their index at the end: players that fetch them from COS need range requests.',
    zh: '边录制边上传混流文件，结束时只需上传很少的内容。此类 MP4 文件的索引位于文件末尾：从 COS 播放时，播放器须支持 Range 请求。',
  },
  'upload.partBytes': {
    en: 'Files go to COS in parts; a lost part is sent again alone.',
    zh: '文件分块上传到 COS；丢失的分块会单独重传。',
  },
  'upload.partsInFlight': { en: 'Parts of one file at a time.', zh: '单个文件同时上传的分块数。' },
  'upload.filesInFlight': { en: 'Recordings uploaded at a time.', zh: '同时上传的录制数。' },
  'upload.timeoutMs': { en: 'How long one request to COS may take.', zh: '单次 COS 请求的最长时间。' },
  'upload.maxBytesPerSecond': {
    en: 'Highest bandwidth of all uploads together; without a number there is no limit.',
    zh: '所有上传合计的带宽上限；未设置时不限。',
  },
  'upload.window': {
    en: 'Hours of the day in which uploads run; without them uploads always run.',
    zh: '每天允许上传的时段；未设置时不限时段。',
  },
  'fleet.boxName': {
    en: 'Name of this box among others, put before the ids of its recordings; a single box needs none.',
    zh: '本机在多机部署中的名称，作为录制 id 的前缀；单机部署无需设置。',
  },
  'network.proxy': {
    en: 'HTTP proxy for COS, as http://host:port.',
    zh: '访问 COS 的 HTTP 代理，格式为 http://主机:端口。',
  },
  'network.caPath': {
    en: 'PEM file with authorities to trust beside those of the system.',
    zh: '除系统自带外还信任的根证书 PEM 文件。',
  },
  'network.allowedHosts': {
    en: 'Hosts that callbacks and COS may be at; without a list all are allowed but forbidden addresses.',
    zh: '允许作为回调和 COS 目标的主机；未设置时除禁用地址外均可。',
  },
  'network.loopback': {
    en: 'Whether callbacks may go to this machine itself.',
    zh: '是否允许回调到本机自身。',
  },
  'secrets.keyStore': {
    en: "Where the key lies that opens what is stored sealed. The keychain opens it for this user of this machine alone; the file is readable by the box's user.",
    zh: '用于解开已加密内容的密钥存放在哪里。系统钥匙串仅供本机的当前用户使用；文件仅运行本机的用户可读。',
  },
  'desktop.notify.started': {
    en: 'The desktop says when a recording begins.',
    zh: '录制开始时显示桌面通知。',
  },
  'desktop.notify.finished': {
    en: 'The desktop says when a recording is delivered, or has failed.',
    zh: '录制交付完成或失败时显示桌面通知。',
  },
  'desktop.notify.blocked': {
    en: 'The desktop says when something stands still until a person acts.',
    zh: '有事项停滞并需要人工处理时显示桌面通知。',
  },
  'desktop.notify.diskLow': {
    en: 'The desktop says when a disk of the box runs full or is away.',
    zh: '磁盘即将用尽或不可用时显示桌面通知。',
  },
  'updates.feedUrl': {
    en: 'Folder in which the desktop app looks for newer versions of itself; without one it never looks.',
    zh: '桌面应用查找新版本的文件夹地址；未设置时从不查找。',
  },
  'updates.checkHours': { en: 'How often the desktop app looks there.', zh: '桌面应用查找新版本的间隔。' },
  'updates.install': {
    en: 'When a fetched version is installed; never while something is being recorded.',
    zh: '已下载的新版本何时安装；录制期间绝不安装。',
  },
} as const satisfies Record<string, Text>;
