import { useState } from 'preact/hooks';
import { api } from '../../api.ts';
import { Icon } from '../../components/icons.tsx';
import { saveText } from '../../save-text.ts';

/** Saves the bet's receipt file: all that is needed to check it without this house. */
export function ReceiptButton({ id }: { id: string }) {
  const [problem, setProblem] = useState('');
  const save = async () => {
    try {
      saveText(`receipt-${id.slice(0, 16)}.json`, `${JSON.stringify(await api.receiptFile(id), null, 2)}\n`);
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <span class="tool-problem" role="alert">
        {problem}
      </span>
      <button class="button" type="button" onClick={() => void save()}>
        <Icon name="download" /> Receipt file
      </button>
    </>
  );
}
