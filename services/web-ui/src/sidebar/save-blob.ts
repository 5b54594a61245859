/** Hands a file to the browser's downloads. */
export function saveBlob(blob: Blob, filename: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = filename.replace(/[\\/:*?"<>|]+/g, ' ').trim();
  link.click();
  // The download has its own hold on the blob by then; a minute is far more than a browser takes.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
