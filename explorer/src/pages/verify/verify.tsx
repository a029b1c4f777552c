import { Copyable } from '../../components/copyable.tsx';
import { usePage } from '../../hooks/use-page.ts';
import { ReceiptDrop } from './receipt-drop.tsx';
import { type PlacesState, usePlaces } from './sources.ts';
import { SourcesForm } from './sources-form.tsx';
import { VerifyHouse } from './verify-house.tsx';
import '../../styles/forms.css';
import './verify.css';

/** A receipt file, or the whole house, checked here; and how to do it without this page. */
export function Verify() {
  usePage('Verify');
  const places = usePlaces();
  return (
    <>
      <h1>Verify</h1>
      <div class="stack verify">
        <p class="lead">
          Nothing here has to be believed. The verifier runs in this browser, asks a node of the chain and the published batches,
          and recomputes what they lead to.
        </p>
        <div class="card">
          <SourcesForm state={places} />
        </div>
        <ReceiptDrop places={places} />
        <VerifyHouse places={places} />
        <WithoutThisPage places={places} />
      </div>
    </>
  );
}

/** What a page of the operator can not show, said on it. */
function WithoutThisPage({ places: { places } }: { places: PlacesState }) {
  const rpc = places?.rpcUrl ?? 'URL';
  const blobs = places?.blobsUrl ?? 'URL';
  const house = places?.house ?? 'ADDRESS';
  const commands = [
    { what: 'One bet', text: `npx casino verify bet receipt.json --rpc ${rpc} --blobs ${blobs} --house ${house}` },
    { what: 'The whole house', text: `npx casino verify chain --rpc ${rpc} --blobs ${blobs} --house ${house}` },
  ];
  return (
    <section class="card stack" aria-labelledby="without">
      <div>
        <h2 id="without">This page comes from the operator</h2>
        <p>
          A dishonest operator could serve a page that ticks every box. So when it matters, run the same verifier from a copy of
          the source that you trust, against a node that is not the operator’s:
        </p>
      </div>
      {commands.map(({ what, text }) => (
        <div key={what}>
          <h3>{what}</h3>
          <p class="command">
            <Copyable text={text} what={`command for ${what.toLowerCase()}`} whole />
          </p>
        </div>
      ))}
      <p class="muted">
        Both need Node 20 or newer and <code>npm ci</code> in the source. Another explorer, of the same source and served by
        somebody else or by yourself, checks this house just as well: name its node and its blobs under “Sources”.
      </p>
    </section>
  );
}
