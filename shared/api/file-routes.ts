import { Type } from 'typebox';
import type { Route } from './route.ts';
import { List, Whole } from './views.ts';

const FileOf = Type.Object({
  id: Type.String({ description: 'Id of a recording.' }),
  index: Type.Integer({ minimum: 0, description: "Place of the file in the recording's `files`." }),
});

export const FILE_ROUTES = {
  getFile: {
    method: 'GET',
    path: '/api/recordings/:id/files/:index',
    role: 'operate',
    group: 'Files',
    summary: { en: 'A file from the disk of the box, whole or by Range', zh: '读取本机磁盘上的文件，支持 Range' },
    params: FileOf,
    query: Type.Object({
      download: Type.Optional(Type.Boolean({ description: 'Offered for saving, under its name.' })),
    }),
    headers: Type.Object({
      Range: Type.Optional(Type.String({ description: 'One range of bytes, such as `bytes=0-99`.' })),
      'If-Range': Type.Optional(Type.String({ description: 'The ETag of the parts a reader has.' })),
    }),
    streams: true,
    replies: {
      200: { description: 'The file', type: 'video/mp4 or audio/mpeg' },
      206: { description: 'The part asked for', type: 'video/mp4 or audio/mpeg' },
    },
  },
  getThumbnail: {
    method: 'GET',
    path: '/api/recordings/:id/files/:index/thumbnail',
    role: 'operate',
    group: 'Files',
    summary: { en: 'A picture out of the first tenth of the file', zh: '文件前段的缩略图' },
    params: FileOf,
    replies: { 200: { description: 'At most 480 pixels wide', type: 'image/jpeg' } },
  },
  getWaveform: {
    method: 'GET',
    path: '/api/recordings/:id/files/:index/waveform',
    role: 'operate',
    group: 'Files',
    summary: { en: 'How loud the file is over its length', zh: '文件的音量波形' },
    params: FileOf,
    replies: {
      200: {
        description: 'Equal stretches of the file, at most 1000',
        schema: Type.Object({
          durationMs: Whole(),
          peaks: List(Type.Number({ minimum: 0, maximum: 1 }), 'Highest level of each stretch, 1 is full scale.'),
        }),
      },
    },
  },
  getManifest: {
    method: 'GET',
    path: '/api/recordings/:id/manifest',
    role: 'operate',
    group: 'Files',
    summary: { en: "The auditor's account: who, when, gaps, hashes", zh: '审计清单：人员、时间、缺口与校验值' },
    params: Type.Object({ id: Type.String() }),
    replies: {
      200: {
        description: 'As resources/manifest.schema.json says',
        schema: Type.Unsafe<Record<string, unknown>>({ type: 'object' }),
      },
    },
  },
} as const satisfies Record<string, Route>;
