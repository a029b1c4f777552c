/** Gives the reader a text as a file. */
export function saveText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // At once it would be gone before some browsers have begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
