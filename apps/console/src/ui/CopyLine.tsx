import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';

/** A command or secret on a line of its own, with a button that copies it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  return (
    <div className="copy-line">
      <code>{text}</code>
      <CopyToClipboard
        variant="icon"
        copyButtonAriaLabel={`Copy ${label}`}
        textToCopy={text}
        copySuccessText="Copied"
        copyErrorText="The browser refused; select the text and copy it by hand."
      />
    </div>
  );
}
