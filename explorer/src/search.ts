/** Where in the explorer something is found by its name: a bet id, a batch number, an owner's address; undefined for none of these. */
export function placeOf(text: string): string | undefined {
  const name = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(name)) return `/bets/${name.toLowerCase()}`;
  const batch = /^(?:batch\s*)?#?([1-9][0-9]{0,18})$/i.exec(name)?.[1];
  if (batch) return `/batches/${batch}`;
  if (/^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(name)) return `/bets?user=${name}`;
  return undefined;
}
