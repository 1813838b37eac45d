/** What is wrong with the URL of a channel, as a text of what is allowed; null when nothing is. */
export function endpointUrlFault(text: string, allowHttp: boolean): string | null {
  if (!URL.canParse(text)) return 'an absolute https: URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'a URL without user name and password';
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return 'an https: URL';
  if (allowHttp || isLoopback(url.hostname)) return null;
  return 'an https: URL, since the signature covers no time and anyone on the way could send the request again (http: only to loopback, or with REAMAZE_ALLOW_HTTP=true)';
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
