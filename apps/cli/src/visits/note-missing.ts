import type { CliContext } from '../cli-context';

/** Says why older rows may be missing, once for all pages that say the same. */
export function missingNotes(context: CliContext): (page: { readonly historyMissing: string }) => void {
  let said = '';
  return ({ historyMissing }) => {
    if (historyMissing !== '' && historyMissing !== said) context.note(`${historyMissing}\n`);
    said = historyMissing;
  };
}
