import { isThisMachine } from '../network/proxy.ts';

/** What is wrong with the address of a feed for updates, in both languages. */
export interface FeedProblem {
  message: string;
  zh: string;
}

/**
 * What is wrong with the address of a feed, or null.
 *
 * The feed's list is all that vouches for a package where packages are not signed: whoever could change it on its way could have any
 * program installed. So it comes over https, or from this machine itself (a mirror, a tunnel), where there is no way to change it on.
 * User, password and query are refused because the settings file and the log would show them.
 */
export function feedProblem(address: string): FeedProblem | null {
  const example = 'https://updates.example.com/recorder/';
  if (!URL.canParse(address))
    return { message: `is not an address; give ${example}`, zh: `不是有效的地址，例如 ${example}` };
  const { protocol, hostname, username, password, search, hash } = new URL(address);
  if (protocol !== 'https:' && !(protocol === 'http:' && isThisMachine(hostname))) {
    return {
      message: 'must begin with https:// (http:// only for an address of this machine, such as http://127.0.0.1:8080/)',
      zh: '必须以 https:// 开头（仅本机地址可以使用 http://，例如 http://127.0.0.1:8080/）',
    };
  }
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    return {
      message: 'must be the plain address of a folder, without user, password, "?" and "#"',
      zh: '必须为文件夹的纯地址，不带用户名、密码、“?”和“#”',
    };
  }
  return null;
}
