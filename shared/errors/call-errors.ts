import type { CatalogueEntry } from './entry.ts';

/** What is wrong with how something was asked. Codes are part of the API: they are added, never renamed. */
export const CALL_ERRORS = {
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
    message: {
      en: 'The body is not JSON in UTF-8, or nested deeper than 100 levels.',
      zh: '请求体不是 UTF-8 编码的 JSON，或嵌套超过 100 层。',
    },
    remedy: {
      en: 'Send one JSON object, for example {"SdkAppId":1400000000,…}, encoded in UTF-8 and not compressed.',
      zh: '请发送一个 UTF-8 编码、未压缩的 JSON 对象，例如 {"SdkAppId":1400000000,…}。',
    },
  },
  UNAUTHORIZED: {
    status: 401,
    blame: 'caller',
    message: {
      en: 'The box takes only requests with an access token, and this one had none or one that is not known.',
      zh: '本机只接受带访问令牌的请求；此请求没有令牌，或令牌无效。',
    },
    remedy: {
      en: 'Send the header authorization: Bearer TOKEN, or sign in on the page; the operator makes tokens by "box token create".',
      zh: '请发送请求头 authorization: Bearer TOKEN，或在页面上登录；运维人员可用 "box token create" 创建令牌。',
    },
  },
  FORBIDDEN_ROLE: {
    status: 403,
    blame: 'caller',
    message: {
      en: 'The role of this access token does not allow this.',
      zh: '该访问令牌的角色无权执行此操作。',
    },
    remedy: {
      en: 'Use a token of the role named in "neededRole"; the operator makes one by "box token create".',
      zh: '请使用 "neededRole" 所示角色的令牌；运维人员可用 "box token create" 创建。',
    },
  },
  DESKTOP_ONLY: {
    status: 403,
    blame: 'caller',
    message: {
      en: 'A setting that decides which program the machine installs is changed only at the machine itself.',
      zh: '决定本机安装哪个程序的设置只能在本机上更改。',
    },
    remedy: {
      en: 'Change it in the window of the desktop app on that machine, or in settings.json there; leave it out of the request.',
      zh: '请在该机器的桌面应用窗口中更改，或修改那里的 settings.json；请求中请勿包含该设置。',
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
      en: "Open the box by its address (such as 127.0.0.1) or localhost, add its host name to the setting http.allowedHosts, or call it from a program instead of another site's page.",
      zh: '请使用本机的 IP 地址（例如 127.0.0.1）或 localhost 访问，或将主机名加入设置 http.allowedHosts，或由程序而不是其他网站的网页调用。',
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
  TOO_MANY_ATTEMPTS: {
    status: 429,
    blame: 'caller',
    message: {
      en: 'Too many requests came with access tokens that are not known.',
      zh: '携带无效访问令牌的请求过多。',
    },
    remedy: {
      en: 'Correct the token and wait the seconds in Retry-After; requests with a valid token are not limited.',
      zh: '请更正令牌，并等待 Retry-After 指定的秒数；使用有效令牌的请求不受限制。',
    },
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    blame: 'caller',
    message: {
      en: 'The address and the headers are larger than 16 KB together.',
      zh: '地址和请求头总计超过 16 KB。',
    },
    remedy: {
      en: 'Send what is to be recorded in the body, and only the headers of docs/api.md.',
      zh: '请在请求体中提供录制内容，只发送 docs/api.md 中的请求头。',
    },
  },
} as const satisfies Record<string, CatalogueEntry>;
