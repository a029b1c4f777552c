/** Text of others for a terminal: what would steer it is shown as a question mark. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
