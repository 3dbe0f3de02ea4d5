// Hands bytes to the browser as a download, and hashes them.
import { hex } from './text';

export function saveFile(name: string, data: Blob | ArrayBuffer, type = 'application/octet-stream') {
  const url = URL.createObjectURL(data instanceof Blob ? data : new Blob([data], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser needs the address until it has begun to write.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const sha256 = async (data: ArrayBuffer) => hex(await crypto.subtle.digest('SHA-256', data));
