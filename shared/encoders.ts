/** H.264 encoders of graphics hardware as ffmpeg calls them, in the order in which they are tried: by the vendors' shares of servers. */
export const HARDWARE_ENCODERS = [
  'h264_nvenc',
  'h264_qsv',
  'h264_vaapi',
  'h264_videotoolbox',
  'h264_amf',
  'h264_mf',
] as const;
export type HardwareEncoder = (typeof HARDWARE_ENCODERS)[number];

/** What encodes the pictures: x264, the first encoder of graphics hardware that works, or this one. */
export const ENCODER_SETTINGS = ['software', 'auto', ...HARDWARE_ENCODERS] as const;
export type EncoderSetting = (typeof ENCODER_SETTINGS)[number];
