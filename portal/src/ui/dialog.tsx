// Dialogs on the browser's own <dialog>: it keeps the focus inside, closes on Escape and gives the focus back.
import { type ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { ApiError } from '../api';
import { Button } from './basic';
import { Form } from './form';

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement as HTMLElement | null;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('[autofocus], input:not([type=radio]), input:checked, select, textarea')?.focus();
    return () => { dialog?.close(); before?.focus(); };
  }, []);
  return (
    <dialog ref={box} aria-labelledby={id} onCancel={(e) => { e.preventDefault(); onClose(); }}>
      <article>
        <header><h2 id={id}>{title}</h2><button type="button" class="close" aria-label="Close" onClick={onClose} /></header>
        {children}
      </article>
    </dialog>
  );
}

/** A dialog with a form: cancel, and one button that does it. */
export function FormDialog({ title, doIt, danger, busy, error, fields, onClose, onSubmit, children }: {
  title: string; doIt: string; danger?: boolean; busy: boolean; error: ApiError | null; fields: string[];
  onClose: () => void; onSubmit: () => void; children: ComponentChildren;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <Form error={error} fields={fields} onSubmit={onSubmit}>
        {children}
        <div class="dialog-actions">
          <Button kind="secondary" onClick={onClose}>Back</Button>
          <Button type="submit" busy={busy} kind={danger ? 'danger' : undefined}>{doIt}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
