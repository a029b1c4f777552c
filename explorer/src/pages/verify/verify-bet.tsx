/** The panel of a bet's page in which its receipt is verified; `id` is the bet's, in hex. */
export function VerifyBet({ id }: { id: string }) {
  return <div data-bet={id} />;
}
